//! The vector index: for each 64 bytes two bit sets say where commas and bytes other than printable ASCII are, and a list
//! says where lines end. Walking the set bits gives every position without looking at a byte again; two bits a byte keep
//! the index in the first cache.

use wide::u8x16;

/// Bytes that one [`Marks`] covers.
pub(crate) const CHUNK: usize = 64;

/// Bit i of each set stands for byte i of the chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) comma: u64,
    /// Bytes that are not printable ASCII: from 0x80 up, and below 0x20.
    pub(crate) odd: u64,
}

/// A newline of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LineEnd {
    /// Its place in the buffer.
    pub(crate) at: u32,
    /// Commas in the buffer before it.
    pub(crate) commas: u32,
}

/// Marks one chunk; the second value says where its newlines are.
#[inline]
fn mark(chunk: &[u8; CHUNK]) -> (Marks, u64) {
    let (comma, newline, space) = (u8x16::splat(b','), u8x16::splat(b'\n'), u8x16::splat(0x20));
    let mut marks = Marks::default();
    let mut newlines = 0;
    let (lanes, _) = chunk.as_chunks::<16>();
    for (lane, bytes) in lanes.iter().enumerate() {
        let bytes = u8x16::new(*bytes);
        let shift = lane * 16;
        marks.comma |= u64::from(bytes.simd_eq(comma).to_bitmask()) << shift;
        newlines |= u64::from(bytes.simd_eq(newline).to_bitmask()) << shift;
        // Printable ASCII less 0x20 lies below 0x60; adding 0x20 again lifts exactly the others over 0x7F.
        let odd = (bytes - space).saturating_add(space);
        marks.odd |= u64::from(odd.to_bitmask()) << shift;
    }
    (marks, newlines)
}

/// Marks of a buffer, and the ends of its lines.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) marks: Vec<Marks>,
    pub(crate) lines: Vec<LineEnd>,
}

impl Index {
    /// Marks a whole buffer anew; its length is a multiple of [`CHUNK`], and at most `u32::MAX`.
    pub(crate) fn build(&mut self, bytes: &[u8]) {
        let (chunks, rest) = bytes.as_chunks::<CHUNK>();
        debug_assert!(rest.is_empty(), "the reader pads its buffer");
        self.marks.clear();
        self.lines.clear();
        let (mut base, mut commas) = (0u32, 0u32);
        for chunk in chunks {
            let (marks, mut newlines) = mark(chunk);
            while newlines != 0 {
                let bit = newlines.trailing_zeros();
                let before = marks.comma & (newlines - 1) & !newlines;
                self.lines.push(LineEnd { at: base + bit, commas: commas + before.count_ones() });
                newlines &= newlines - 1;
            }
            commas += marks.comma.count_ones();
            base += 64;
            self.marks.push(marks);
        }
    }
}

/// The bits from `from` up.
pub(crate) fn from_bit(from: usize) -> u64 {
    if from >= CHUNK { 0 } else { u64::MAX << from }
}

/// Walks set bits of consecutive chunks, lowest first.
#[derive(Clone, Debug)]
pub(crate) struct Bits<'a> {
    rest: std::slice::Iter<'a, Marks>,
    word: u64,
    /// Position of bit 0 of `word`, counted from the start of the line; the first chunk may begin before it.
    base: usize,
    end: usize,
}

impl<'a> Bits<'a> {
    /// Walks the commas between `start` and `end` of a line that begins `shift` bytes into the first chunk of `marks`.
    pub(crate) fn commas(marks: &'a [Marks], shift: usize, start: usize, end: usize) -> Self {
        let from = shift + start;
        let skipped = from / CHUNK;
        let mut rest = marks.get(skipped..).unwrap_or_default().iter();
        let word = rest.next().map_or(0, |m| m.comma) & from_bit(from % CHUNK);
        Self { rest, word, base: (skipped * CHUNK).wrapping_sub(shift), end }
    }
}

impl Iterator for Bits<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        while self.word == 0 {
            self.word = self.rest.next()?.comma;
            self.base = self.base.wrapping_add(CHUNK);
            if self.base >= self.end {
                return None;
            }
        }
        let place = self.base.wrapping_add(self.word.trailing_zeros() as usize);
        self.word &= self.word - 1;
        (place < self.end).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_every_byte_value_at_every_place() {
        for value in 0..=255u8 {
            for place in 0..CHUNK {
                let mut chunk = [b'x'; CHUNK];
                chunk[place] = value;
                let bit = |set: bool| u64::from(set) << place;
                let want = Marks { comma: bit(value == b','), odd: bit(!(0x20..0x80).contains(&value)) };
                assert_eq!(mark(&chunk), (want, bit(value == b'\n')), "{value:#04X} at {place}");
            }
        }
    }

    #[test]
    fn walks_over_chunks_and_stops_at_the_end() {
        let mut bytes = vec![b'x'; 4 * CHUNK];
        for place in [0, 5, 63, 64, 130, 200] {
            bytes[place] = b',';
        }
        bytes[70] = b'\n';
        let mut index = Index::default();
        index.build(&bytes);
        let marks = index.marks;
        assert_eq!(index.lines, [LineEnd { at: 70, commas: 4 }]);
        assert_eq!(Bits::commas(&marks, 0, 0, 256).collect::<Vec<_>>(), [0, 5, 63, 64, 130, 200]);
        assert_eq!(Bits::commas(&marks, 5, 0, 100).collect::<Vec<_>>(), [0, 58, 59]);
        assert_eq!(Bits::commas(&marks, 6, 58, 125).collect::<Vec<_>>(), [58, 124]);
        assert_eq!(Bits::commas(&marks, 6, 118, 124).collect::<Vec<_>>(), Vec::<usize>::new());
    }
}
