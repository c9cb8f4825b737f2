//! Length and SHA-256 of a stretch of lines, made while they stream by: nothing of a claim is kept.

use sha2::{Digest, Sha256};

/// Bytes gathered before they are hashed. Lines are short, and hashing whole blocks at a time costs half.
const GATHER_BYTES: usize = 8 * 1024;

/// A stretch being read.
pub(super) struct Stretch {
    gathered: Vec<u8>,
    hasher: Sha256,
    bytes: u64,
    hashed: bool,
}

impl Stretch {
    pub(super) fn new() -> Self {
        Self { gathered: Vec::with_capacity(GATHER_BYTES), hasher: Sha256::new(), bytes: 0, hashed: false }
    }

    /// Takes the next bytes of the stretch.
    #[inline]
    pub(super) fn add(&mut self, raw: &[u8]) {
        self.bytes += raw.len() as u64;
        if self.gathered.len() + raw.len() > GATHER_BYTES {
            self.flush();
        }
        if raw.len() > GATHER_BYTES {
            self.hashed = true;
            self.hasher.update(raw);
        } else {
            self.gathered.extend_from_slice(raw);
        }
    }

    fn flush(&mut self) {
        self.hashed = true;
        self.hasher.update(&self.gathered);
        self.gathered.clear();
    }

    /// Length and hash; ready for the next stretch afterwards.
    pub(super) fn take(&mut self) -> (u64, [u8; 32]) {
        let bytes = std::mem::take(&mut self.bytes);
        let digest = if std::mem::take(&mut self.hashed) {
            self.hasher.update(&self.gathered);
            self.hasher.finalize_reset()
        } else {
            Sha256::digest(&self.gathered)
        };
        self.gathered.clear();
        (bytes, digest.into())
    }
}

impl std::fmt::Debug for Stretch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stretch").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_bytes_however_they_come() {
        let bytes: Vec<u8> = (0..40_000u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
        let mut stretch = Stretch::new();
        for piece in [1, 57, 64, 4096, GATHER_BYTES, GATHER_BYTES + 1, 40_000] {
            for part in bytes.chunks(piece) {
                stretch.add(part);
            }
            let expected: [u8; 32] = Sha256::digest(&bytes).into();
            assert_eq!(stretch.take(), (40_000, expected), "pieces of {piece}");
        }
        assert_eq!(stretch.take(), (0, Sha256::digest([]).into()));
    }
}
