//! The digests that manifests of other makers use, for judging only: parcels of ours use SHA-256 alone.

use std::fmt;

/// A digest algorithm that `verify` can compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Algorithm {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha3_224,
    Sha3_256,
    Sha3_384,
    Sha3_512,
    Blake2b256,
    Blake2b512,
    Blake2s256,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 13] = [
        Self::Md5,
        Self::Sha1,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Sha3_224,
        Self::Sha3_256,
        Self::Sha3_384,
        Self::Sha3_512,
        Self::Blake2b256,
        Self::Blake2b512,
        Self::Blake2s256,
    ];

    /// The name as RFC 8493 writes it in a manifest's file name: lower case, letters and digits only.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
            Self::Sha3_224 => "sha3224",
            Self::Sha3_256 => "sha3256",
            Self::Sha3_384 => "sha3384",
            Self::Sha3_512 => "sha3512",
            Self::Blake2b256 => "blake2b256",
            Self::Blake2b512 => "blake2b512",
            Self::Blake2s256 => "blake2s256",
        }
    }

    /// Reads the middle of `manifest-<name>.txt`. Tools write `sha256`, `SHA-256` and `sha3_256` alike; `blake2b`
    /// and `blake2s` alone mean their full length.
    pub fn from_name(name: &str) -> Option<Self> {
        let plain: String =
            name.chars().filter(|c| !matches!(c, '-' | '_')).collect::<String>().to_ascii_lowercase();
        match plain.as_str() {
            "blake2b" => Some(Self::Blake2b512),
            "blake2s" => Some(Self::Blake2s256),
            plain => Self::ALL.into_iter().find(|algorithm| algorithm.name() == plain),
        }
    }

    /// Length of the digest in bytes.
    pub const fn digest_len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 | Self::Sha3_224 => 28,
            Self::Sha256 | Self::Sha3_256 | Self::Blake2b256 | Self::Blake2s256 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
            Self::Sha512 | Self::Sha3_512 | Self::Blake2b512 => 64,
        }
    }

    pub(super) fn hasher(self) -> Box<dyn Hasher> {
        match self {
            Self::Md5 => Box::new(md5::Md5::default()),
            Self::Sha1 => Box::new(sha1::Sha1::default()),
            Self::Sha224 => Box::new(sha2::Sha224::default()),
            Self::Sha256 => Box::new(sha2::Sha256::default()),
            Self::Sha384 => Box::new(sha2::Sha384::default()),
            Self::Sha512 => Box::new(sha2::Sha512::default()),
            Self::Sha3_224 => Box::new(sha3::Sha3_224::default()),
            Self::Sha3_256 => Box::new(sha3::Sha3_256::default()),
            Self::Sha3_384 => Box::new(sha3::Sha3_384::default()),
            Self::Sha3_512 => Box::new(sha3::Sha3_512::default()),
            Self::Blake2b256 => Box::new(blake2::Blake2b256::default()),
            Self::Blake2b512 => Box::new(blake2::Blake2b512::default()),
            Self::Blake2s256 => Box::new(blake2::Blake2s256::default()),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What all the crates' digests can do, so that one pass over a file feeds several of them.
pub(super) trait Hasher {
    fn update(&mut self, bytes: &[u8]);
    fn finish(self: Box<Self>) -> Vec<u8>;
}

impl<D: sha2::Digest> Hasher for D {
    fn update(&mut self, bytes: &[u8]) {
        sha2::Digest::update(self, bytes);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.finalize().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(algorithm: Algorithm, bytes: &[u8]) -> String {
        let mut hasher = algorithm.hasher();
        hasher.update(bytes);
        let digest = hasher.finish();
        assert_eq!(digest.len(), algorithm.digest_len(), "{algorithm}");
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// First bytes of each digest of "abc", as coreutils, OpenSSL and the RFCs and FIPS give them.
    #[test]
    fn digests_of_abc_are_the_published_ones() {
        let published = [
            (Algorithm::Md5, "900150983cd24fb0d6963f7d28e17f72"),
            (Algorithm::Sha1, "a9993e364706816aba3e25717850c26c"),
            (Algorithm::Sha224, "23097d223405d8228642a477bda255b3"),
            (Algorithm::Sha256, "ba7816bf8f01cfea414140de5dae2223"),
            (Algorithm::Sha384, "cb00753f45a35e8bb5a03d699ac65007"),
            (Algorithm::Sha512, "ddaf35a193617abacc417349ae204131"),
            (Algorithm::Sha3_224, "e642824c3f8cf24ad09234ee7d3c766f"),
            (Algorithm::Sha3_256, "3a985da74fe225b2045c172d6bd390bd"),
            (Algorithm::Sha3_384, "ec01498288516fc926459f58e2c6ad8d"),
            (Algorithm::Sha3_512, "b751850b1a57168a5693cd924b6b096e"),
            (Algorithm::Blake2b256, "bddd813c634239723171ef3fee98579b"),
            (Algorithm::Blake2b512, "ba80a53f981c4d0d6a2797b69f12f6e9"),
            (Algorithm::Blake2s256, "508c5e8c327c14e2e1a72ba34eeb452f"),
        ];
        assert_eq!(published.map(|(algorithm, _)| algorithm), Algorithm::ALL);
        for (algorithm, digest) in published {
            assert_eq!(&hex(algorithm, b"abc")[..32], digest, "{algorithm}");
        }
    }

    #[test]
    fn names_are_read_in_the_spellings_of_tools() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
        }
        assert_eq!(Algorithm::from_name("SHA-256"), Some(Algorithm::Sha256));
        assert_eq!(Algorithm::from_name("sha3_512"), Some(Algorithm::Sha3_512));
        assert_eq!(Algorithm::from_name("blake2b"), Some(Algorithm::Blake2b512));
        assert_eq!(Algorithm::from_name("crc32"), None);
    }
}
