//! What the header of a sealed parcel says of its ciphertext: the segments of one age stream, with size and SHA-256.
//! Knows nothing of what is inside.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;
use crate::text::{TextError, TextReader};
use crate::words::{WordError, parse_number};

/// The size of every segment but the last: 1 GiB, which FAT32 takes and a person can still copy by hand.
pub const SEGMENT_BYTES: u64 = 1 << 30;

/// The most segments of one parcel: 1 TiB is more than any stick holds, and the list must end somewhere.
pub const MAX_SEGMENTS: usize = 1024;

/// One segment. Text `<sha256> <size>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// SHA-256 of the segment's bytes.
    pub sha256: Digest,
    /// Size in bytes.
    pub size: u64,
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.sha256, self.size)
    }
}

impl FromStr for Segment {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let parse = || {
            let (sha256, size) = text.split_once(' ')?;
            Some(Self { sha256: sha256.parse().ok()?, size: parse_number(size)? })
        };
        parse().ok_or(WordError::Segment)
    }
}

/// Why a list of segments is no envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// No segment at all.
    #[error("a sealed parcel has at least one segment")]
    Empty,
    /// More than [`MAX_SEGMENTS`].
    #[error("more than {MAX_SEGMENTS} segments")]
    TooMany,
    /// Only the last segment may be short, and none may be empty or over [`SEGMENT_BYTES`].
    #[error("segment {index} has a size that no segment has there")]
    BadSize {
        /// 0-based, as in the segment's name.
        index: usize,
    },
}

/// The segments of one sealed parcel, in their order: at least one, each of [`SEGMENT_BYTES`] but for the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    segments: Vec<Segment>,
}

impl Envelope {
    /// Checks number and sizes.
    ///
    /// # Errors
    /// [`EnvelopeError`].
    pub fn new(segments: Vec<Segment>) -> Result<Self, EnvelopeError> {
        let (last, full) = segments.split_last().ok_or(EnvelopeError::Empty)?;
        if segments.len() > MAX_SEGMENTS {
            return Err(EnvelopeError::TooMany);
        }
        if let Some(index) = full.iter().position(|segment| segment.size != SEGMENT_BYTES) {
            return Err(EnvelopeError::BadSize { index });
        }
        if !(1..=SEGMENT_BYTES).contains(&last.size) {
            return Err(EnvelopeError::BadSize { index: full.len() });
        }
        Ok(Self { segments })
    }

    /// The segments, in their order; never empty.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Bytes of all segments together: at most [`MAX_SEGMENTS`] times [`SEGMENT_BYTES`], so the sum never overflows.
    pub fn total_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size).sum()
    }

    /// Reads the `segment` lines of a header.
    pub(crate) fn parse(text: &mut TextReader<'_>) -> Result<Self, TextError> {
        let mut segments = vec![text.value("segment")?];
        while text.next_is("segment") && segments.len() <= MAX_SEGMENTS {
            segments.push(text.value("segment")?);
        }
        Self::new(segments).map_err(|_| TextError::BadSegments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sizes: &[u64]) -> Result<Envelope, EnvelopeError> {
        Envelope::new(sizes.iter().map(|&size| Segment { sha256: Digest([1; 32]), size }).collect())
    }

    #[test]
    fn only_the_last_segment_may_be_short() {
        const FULL: u64 = SEGMENT_BYTES;
        assert_eq!(of(&[1]).unwrap().total_bytes(), 1);
        assert_eq!(of(&[FULL]).unwrap().segments().len(), 1);
        assert_eq!(of(&[FULL, FULL, 7]).unwrap().total_bytes(), 2 * FULL + 7);
        assert_eq!(of(&[FULL; MAX_SEGMENTS]).unwrap().total_bytes(), 1 << 40);
        assert_eq!(of(&[]), Err(EnvelopeError::Empty));
        assert_eq!(of(&[FULL; MAX_SEGMENTS + 1]), Err(EnvelopeError::TooMany));
        for (sizes, index) in [
            (&[0][..], 0),
            (&[FULL + 1], 0),
            (&[FULL - 1, 7], 0),
            (&[FULL, 7, 7], 1),
            (&[FULL, 0], 1),
            (&[u64::MAX, u64::MAX], 0),
        ] {
            assert_eq!(of(sizes), Err(EnvelopeError::BadSize { index }), "{sizes:?}");
        }
    }

    #[test]
    fn a_segment_has_one_spelling() {
        let segment = Segment { sha256: Digest([1; 32]), size: 7 };
        assert_eq!(segment.to_string().parse(), Ok(segment));
        for bad in ["", "7", &format!("{} 07", segment.sha256), &format!("{}  7", segment.sha256)] {
            assert_eq!(bad.parse::<Segment>(), Err(WordError::Segment), "{bad}");
        }
    }
}
