//! What the model volume holds: the tree that processes see, and beside it what would survive a power cut.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use rezept_transfer::volume::{EntryKind, Meta, RelPath};

use super::{Durability, ModelOptions};

pub(super) type Id = u64;

/// The root folder.
pub(super) const ROOT: Id = 0;

/// What blocks of a fake stick are counted in.
const BLOCK: usize = 4096;

#[derive(Clone, Debug)]
pub(super) enum Node {
    File(FileNode),
    Folder(Names),
    /// A link to wherever the text says. Never followed.
    Link,
    Pipe,
}

/// Names of a folder: look-up key (folded if the volume ignores case) to name and node.
pub(super) type Names = BTreeMap<String, (String, Id)>;

#[derive(Clone, Debug, Default)]
pub(super) struct FileNode {
    pub(super) seen: Arc<Vec<u8>>,
    pub(super) durable: Arc<Vec<u8>>,
    pub(super) modified_ns: i128,
    /// What the medium holds instead, below the cache.
    pub(super) damage: Vec<(usize, Vec<u8>)>,
    /// Where a fake stick put each block.
    pub(super) blocks: Vec<u64>,
}

/// One name that changed and is not known to be durable.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// Changes of one operation share a number.
    pub(super) operation: u64,
    pub(super) folder: Id,
    pub(super) key: String,
    pub(super) value: Option<(String, Id)>,
}

#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) options: ModelOptions,
    pub(super) nodes: BTreeMap<Id, Node>,
    pub(super) durable: BTreeMap<Id, Names>,
    pub(super) pending: Vec<Change>,
    pub(super) gone: bool,
    /// Whether a test ever made a hard link: counting names is slow.
    links_made: bool,
    next_id: Id,
    operations: u64,
    clock_ns: i128,
    /// A fake stick's real blocks: who wrote each last.
    owners: BTreeMap<u64, (Id, usize)>,
    next_block: u64,
}

impl State {
    pub(super) fn new(options: ModelOptions) -> Self {
        Self {
            options,
            nodes: BTreeMap::from([(ROOT, Node::Folder(Names::new()))]),
            durable: BTreeMap::from([(ROOT, Names::new())]),
            pending: Vec::new(),
            gone: false,
            links_made: false,
            next_id: ROOT + 1,
            operations: 0,
            clock_ns: 1_700_000_000 * 1_000_000_000,
            owners: BTreeMap::new(),
            next_block: 0,
        }
    }

    pub(super) fn key(&self, name: &str) -> String {
        if self.options.ignores_case { name.to_lowercase() } else { name.to_owned() }
    }

    pub(super) fn names(&self, folder: Id) -> io::Result<&Names> {
        match self.nodes.get(&folder) {
            Some(Node::Folder(names)) => Ok(names),
            Some(_) => Err(io::ErrorKind::NotADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// The node of a path. Links are not followed, so nothing lies below them.
    pub(super) fn find(&self, path: &RelPath) -> io::Result<Id> {
        let mut id = ROOT;
        for name in path.components() {
            let entry = self.names(id)?.get(&self.key(name));
            id = entry.ok_or(io::ErrorKind::NotFound)?.1;
        }
        Ok(id)
    }

    pub(super) fn file(&self, id: Id) -> io::Result<&FileNode> {
        match self.nodes.get(&id) {
            Some(Node::File(file)) => Ok(file),
            Some(Node::Folder(_)) => Err(io::ErrorKind::IsADirectory.into()),
            Some(_) => Err(io::Error::new(io::ErrorKind::InvalidInput, "links and pipes are never opened")),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn file_mut(&mut self, id: Id) -> io::Result<&mut FileNode> {
        match self.nodes.get_mut(&id) {
            Some(Node::File(file)) => Ok(file),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// A regular file with one name, or why not.
    pub(super) fn openable(&self, path: &RelPath) -> io::Result<Id> {
        let id = self.find(path)?;
        self.file(id)?;
        if self.link_count(id) > 1 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the file has further names"));
        }
        Ok(id)
    }

    fn link_count(&self, id: Id) -> usize {
        if !self.links_made {
            return 1;
        }
        let folders = self.nodes.values().filter_map(|node| match node {
            Node::Folder(names) => Some(names),
            _ => None,
        });
        folders.flat_map(BTreeMap::values).filter(|(_, named)| *named == id).count()
    }

    pub(super) fn meta(&self, id: Id) -> Meta {
        let (kind, size, modified_ns) = match self.nodes.get(&id) {
            Some(Node::File(file)) if self.link_count(id) > 1 => {
                (EntryKind::LinkedFile, file.seen.len(), file.modified_ns)
            }
            Some(Node::File(file)) => (EntryKind::File, file.seen.len(), file.modified_ns),
            Some(Node::Folder(_)) => (EntryKind::Folder, 0, 0),
            _ => (EntryKind::Other, 0, 0),
        };
        Meta { kind, size_bytes: size as u64, modified_ns, file_id: id }
    }

    /// Bytes of every file that has a name.
    pub(super) fn used(&self) -> u64 {
        let folders = self.nodes.values().filter_map(|node| match node {
            Node::Folder(names) => Some(names),
            _ => None,
        });
        let named: BTreeSet<Id> = folders.flat_map(BTreeMap::values).map(|(_, id)| *id).collect();
        named.into_iter().filter_map(|id| self.file(id).ok()).map(|file| file.seen.len() as u64).sum()
    }

    pub(super) fn add(&mut self, path: &RelPath, node: Node) -> io::Result<Id> {
        let folder = self.find(&path.parent())?;
        if self.names(folder)?.contains_key(&self.key(path.file_name())) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let id = self.next_id;
        self.next_id += 1;
        if matches!(node, Node::Folder(_)) {
            self.durable.insert(id, Names::new());
        }
        self.nodes.insert(id, node);
        self.operations += 1;
        self.set(folder, path.file_name(), Some(id));
        Ok(id)
    }

    /// Gives a node another name beside the one it has.
    pub(super) fn link(&mut self, id: Id, path: &RelPath) -> io::Result<()> {
        let folder = self.find(&path.parent())?;
        self.operations += 1;
        self.links_made = true;
        self.set(folder, path.file_name(), Some(id));
        Ok(())
    }

    pub(super) fn unlink(&mut self, path: &RelPath) -> io::Result<()> {
        let folder = self.find(&path.parent())?;
        self.operations += 1;
        self.set(folder, path.file_name(), None);
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &RelPath, to: &RelPath) -> io::Result<()> {
        let source = self.find(&from.parent())?;
        self.names(source)?;
        let target = self.find(&to.parent())?;
        self.names(target)?;
        let id = self.find(from)?;
        if self.names(target)?.contains_key(&self.key(to.file_name())) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if to.as_str().starts_with(&format!("{}/", from.as_str())) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.operations += 1;
        self.set(target, to.file_name(), Some(id));
        self.set(source, from.file_name(), None);
        Ok(())
    }

    fn set(&mut self, folder: Id, name: &str, id: Option<Id>) {
        let key = self.key(name);
        let value = id.map(|id| (name.to_owned(), id));
        if let Some(Node::Folder(names)) = self.nodes.get_mut(&folder) {
            match &value {
                Some(value) => names.insert(key.clone(), value.clone()),
                None => names.remove(&key),
            };
        }
        self.pending.push(Change { operation: self.operations, folder, key, value });
    }

    /// Appends to a file as far as there is room. Less than all of `bytes` is written just before the medium is full.
    pub(super) fn append(&mut self, id: Id, bytes: &[u8]) -> io::Result<usize> {
        let room = self.options.capacity.map_or(usize::MAX, |capacity| {
            usize::try_from(capacity.saturating_sub(self.used())).unwrap_or(usize::MAX)
        });
        if room == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let part = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        self.clock_ns += 1_000_000;
        let now = self.clock_ns;
        let file = self.file_mut(id)?;
        Arc::make_mut(&mut file.seen).extend_from_slice(part);
        file.modified_ns = now;
        self.place_blocks(id)?;
        Ok(part.len())
    }

    /// Lets a fake stick take new blocks of a file where it has none: past its real size they land on others.
    fn place_blocks(&mut self, id: Id) -> io::Result<()> {
        let Some(fake) = self.options.fake_capacity else { return Ok(()) };
        let real_blocks = (fake.real_bytes / BLOCK as u64).max(1);
        let (have, need) = {
            let file = self.file(id)?;
            (file.blocks.len(), file.seen.len().div_ceil(BLOCK))
        };
        for index in have..need {
            let block = self.next_block;
            self.next_block += 1;
            self.file_mut(id)?.blocks.push(block);
            if block < real_blocks {
                self.owners.insert(block, (id, index));
            } else if fake.wraps {
                self.owners.insert(block % real_blocks, (id, index));
            }
        }
        Ok(())
    }

    /// What the medium holds of a file, below every cache.
    pub(super) fn on_medium(&self, id: Id) -> io::Result<Arc<Vec<u8>>> {
        let file = self.file(id)?;
        if file.damage.is_empty() && self.options.fake_capacity.is_none() {
            return Ok(Arc::clone(&file.seen));
        }
        let mut bytes = file.seen.as_ref().clone();
        if let Some(fake) = self.options.fake_capacity {
            let real_blocks = (fake.real_bytes / BLOCK as u64).max(1);
            for (index, (block, part)) in file.blocks.iter().zip(bytes.chunks_mut(BLOCK)).enumerate() {
                let lost = *block >= real_blocks && !fake.wraps;
                match self.owners.get(&(block % real_blocks)) {
                    Some(owner) if !lost && *owner != (id, index) => self.read_block(*owner, part),
                    _ if lost => part.fill(0),
                    _ => {}
                }
            }
        }
        for (offset, patch) in &file.damage {
            for (to, from) in bytes.iter_mut().skip(*offset).zip(patch) {
                *to = *from;
            }
        }
        Ok(Arc::new(bytes))
    }

    fn read_block(&self, (id, index): (Id, usize), out: &mut [u8]) {
        out.fill(0);
        if let Ok(file) = self.file(id) {
            for (to, from) in out.iter_mut().zip(file.seen.iter().skip(index * BLOCK)) {
                *to = *from;
            }
        }
    }

    /// Forgets the cache: from now on everyone sees what the medium holds.
    pub(super) fn drop_cache(&mut self) {
        let files: Vec<Id> =
            self.nodes.iter().filter(|(_, n)| matches!(n, Node::File(_))).map(|(id, _)| *id).collect();
        let contents: Vec<_> = files.iter().filter_map(|id| Some((*id, self.on_medium(*id).ok()?))).collect();
        for (id, bytes) in contents {
            if let Ok(file) = self.file_mut(id) {
                let unsynced = file.seen != file.durable;
                file.seen = Arc::clone(&bytes);
                if !unsynced {
                    file.durable = bytes;
                }
                file.damage.clear();
            }
        }
    }

    /// Makes everything durable.
    pub(super) fn flush_all(&mut self) {
        for node in self.nodes.values_mut() {
            if let Node::File(file) = node {
                file.durable = Arc::clone(&file.seen);
            }
        }
        let changes = std::mem::take(&mut self.pending);
        self.settle(&changes);
    }

    /// Makes the content of one file, or the names in one folder, durable and nothing else.
    pub(super) fn flush_one(&mut self, id: Id) {
        if let Some(Node::File(file)) = self.nodes.get_mut(&id) {
            file.durable = Arc::clone(&file.seen);
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        let (settled, rest): (Vec<_>, Vec<_>) = match self.options.durability {
            Durability::Unordered => pending.into_iter().partition(|change| change.folder == id),
            // A journal writes out everything up to the change that is asked for.
            Durability::Ordered => {
                let last =
                    pending.iter().filter(|change| change.folder == id).map(|change| change.operation).max();
                pending.into_iter().partition(|change| Some(change.operation) <= last)
            }
        };
        self.pending = rest;
        self.settle(&settled);
    }

    pub(super) fn settle(&mut self, changes: &[Change]) {
        for change in changes {
            let names = self.durable.entry(change.folder).or_default();
            match &change.value {
                Some(value) => names.insert(change.key.clone(), value.clone()),
                None => names.remove(&change.key),
            };
        }
    }

    /// Numbers for nodes that a power cut makes out of one.
    pub(super) fn fresh_id(&mut self) -> Id {
        self.next_id += 1;
        self.next_id - 1
    }
}
