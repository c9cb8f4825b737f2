//! What the tests of sealed parcels share: parcels of invented files, sealed, and their ZIP in the plain.

use std::io::{Cursor, Read};

use rezept_parcel::sealed::{Sealer, UnsealError, Unsealed};
use rezept_parcel::{
    BagPlan, Content, Digest, Envelope, Facility, Header, Identity, OpeningKey, ParcelId, PayerFolder,
    PayloadFile, PayloadPath, Recipient, Segment,
};

/// A parcel with its contents, in the order of the manifest.
#[derive(Clone)]
pub struct Parcel {
    pub plan: BagPlan,
    pub inner: Header,
    pub outer: Header,
    pub contents: Vec<Vec<u8>>,
}

/// `size` bytes that look like nothing, different for each `seed`.
pub fn content(size: usize, seed: usize) -> Vec<u8> {
    let mut state = seed as u64 + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[1]
    };
    (0..size).map(|_| next()).collect()
}

impl Parcel {
    /// One file of each size.
    pub fn of_sizes(sizes: &[usize]) -> Self {
        Self::of(sizes.iter().enumerate().map(|(seed, &size)| content(size, seed)).collect())
    }

    /// One file of each content.
    pub fn of(contents: Vec<Vec<u8>>) -> Self {
        let files = contents.iter().enumerate().map(|(index, bytes)| PayloadFile {
            path: PayloadPath::new(2026, 4, PayerFolder::Shaho, 1, &format!("RECEIPTC.{index:05}")).unwrap(),
            size: bytes.len() as u64,
            sha256: Digest::of(bytes),
            identity: Identity::new("claim", "ika", "1", "2026-04", "00").unwrap(),
        });
        let plan = BagPlan::new(
            ParcelId::from_random([0xAB; 16]),
            "recekon-1".parse().unwrap(),
            "terminal-1".parse().unwrap(),
            Facility::new("13", "1", "9999015").unwrap(),
            "2026-05-01T09:30:00+09:00".parse().unwrap(),
            files.collect(),
        )
        .unwrap();
        let inner =
            Header { content: Content::Bag(plan.summary()), released: Vec::new(), ..crate::common::header() };
        // What the header outside says of the ciphertext is for the caller to check, not for the opener.
        let envelope = Envelope::new(vec![Segment { sha256: Digest([0; 32]), size: 1 }]).unwrap();
        let outer = Header { facility: None, content: Content::Sealed(envelope), ..inner.clone() };
        Self { plan, inner, outer, contents }
    }
}

/// The ciphertext.
pub fn seal(parcel: &Parcel, to: &[Recipient]) -> Vec<u8> {
    let header = parcel.inner.to_bytes().unwrap();
    let mut sealer = Sealer::begin(Vec::new(), &parcel.plan, &header, to).unwrap();
    for (file, bytes) in parcel.plan.files().iter().zip(&parcel.contents) {
        sealer.add(file, &mut bytes.as_slice()).unwrap();
    }
    sealer.finish().unwrap()
}

/// The ZIP inside, as age itself gives it out.
pub fn plain_of(parcel: &Parcel) -> Vec<u8> {
    let identity = age::x25519::Identity::generate();
    let to: Recipient = identity.to_public().to_string().parse().unwrap();
    let sealed = seal(parcel, &[to]);
    age::decrypt(&identity, &sealed).unwrap()
}

/// Seals with a fresh key and opens again.
pub fn open_parcel(parcel: &Parcel) -> Result<(), UnsealError> {
    let key = OpeningKey::generate();
    let sealed = seal(parcel, &[key.recipient()]);
    Unsealed::open(Cursor::new(sealed), &parcel.outer, &[key]).map(|_| ())
}

/// The names in a ZIP, as the library reads it.
pub fn names_of(zip: &[u8]) -> Vec<String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let names = (0..archive.len()).map(|index| {
        let mut entry = archive.by_index(index).unwrap();
        // Reading to the end checks the CRC.
        entry.read_to_end(&mut Vec::new()).unwrap();
        entry.name().unwrap().into_owned()
    });
    names.collect()
}
