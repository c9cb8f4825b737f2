//! The exact bytes of our ZIP around the contents: headers, descriptors, directory. The reader compares with these, byte for
//! byte, so that no two programs can see two contents in one parcel; a test compares them with what the sealer writes.

/// From here on a number does not fit into 32 bits; the number itself is the mark for "see the 64-bit field".
const LARGE: u64 = u32::MAX as u64;

/// One entry as the directory tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub name: String,
    pub size: u64,
    pub crc: u32,
    /// Where its local header begins.
    pub start: u64,
}

impl Entry {
    /// A file of 4 GiB and more has its sizes in 64 bits everywhere.
    const fn is_large(&self) -> bool {
        self.size >= LARGE
    }

    /// Bytes of the local header. Names are checked to be short before this is asked.
    pub fn local_len(&self) -> u64 {
        30 + self.name.len() as u64 + if self.is_large() { 20 } else { 0 }
    }

    /// Bytes of the descriptor behind the content.
    pub const fn descriptor_len(&self) -> u64 {
        if self.is_large() { 24 } else { 16 }
    }

    /// The local header: without CRC and sizes, which follow behind the content because the sealer only streams.
    pub fn local_header(&self, out: &mut Vec<u8>) {
        out.extend(b"PK\x03\x04");
        self.version_flags_time(out);
        out.extend([0; 12]);
        self.name_len(out);
        out.extend(if self.is_large() { [20, 0] } else { [0, 0] });
        out.extend(self.name.as_bytes());
        if self.is_large() {
            out.extend([1, 0, 16, 0]);
            out.extend([0; 16]);
        }
    }

    /// CRC and sizes, behind the content.
    pub fn descriptor(&self, out: &mut Vec<u8>) {
        out.extend(b"PK\x07\x08");
        out.extend(self.crc.to_le_bytes());
        for _ in ["stored", "original"] {
            match u32::try_from(self.size) {
                Ok(size) if !self.is_large() => out.extend(size.to_le_bytes()),
                _ => out.extend(self.size.to_le_bytes()),
            }
        }
    }

    /// Its place in the directory.
    pub fn central_header(&self, out: &mut Vec<u8>) {
        let mut wide = Vec::new();
        if self.is_large() {
            wide.extend(self.size.to_le_bytes());
            wide.extend(self.size.to_le_bytes());
        }
        if self.start >= LARGE {
            wide.extend(self.start.to_le_bytes());
        }
        out.extend(b"PK\x01\x02");
        out.extend([self.version(), MADE_ON_UNIX]);
        self.version_flags_time(out);
        out.extend(self.crc.to_le_bytes());
        out.extend(narrow(self.size));
        out.extend(narrow(self.size));
        self.name_len(out);
        let wide_len = u8::try_from(wide.len()).unwrap_or(u8::MAX);
        out.extend(if wide.is_empty() { [0, 0] } else { [wide_len + 4, 0] });
        // No comment, first disk, no inner attributes.
        out.extend([0; 6]);
        out.extend(PLAIN_FILE.to_le_bytes());
        out.extend(narrow(self.start));
        out.extend(self.name.as_bytes());
        if !wide.is_empty() {
            out.extend([1, 0, wide_len, 0]);
            out.extend(wide);
        }
    }

    /// The version of the ZIP format that the entry asks for.
    pub const fn version(&self) -> u8 {
        if self.is_large() { VERSION_64 } else { VERSION }
    }

    fn version_flags_time(&self, out: &mut Vec<u8>) {
        out.extend([self.version(), 0]);
        // Flag 8: the sizes follow. Stored. Time zero of 1 January 1980: nothing of the sender's clock.
        out.extend([8, 0, 0, 0, 0, 0, 0x21, 0]);
    }

    fn name_len(&self, out: &mut Vec<u8>) {
        out.extend(u16::try_from(self.name.len()).unwrap_or(u16::MAX).to_le_bytes());
    }
}

/// Version 1.0 of the ZIP format, and 4.5, which has 64-bit sizes.
pub(super) const VERSION: u8 = 10;
const VERSION_64: u8 = 45;
const MADE_ON_UNIX: u8 = 3;
/// An ordinary file, mode 0600.
pub(super) const PLAIN_FILE: u32 = 0o100_600 << 16;

fn narrow(number: u64) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

/// The end of the directory: `count` entries in `size` bytes from `start` on, of which the most demanding asks for
/// `version`.
pub(super) fn end(count: u16, size: u64, start: u64, version: u8) -> Vec<u8> {
    let mut out = Vec::new();
    let wide = size.max(start) > LARGE;
    if wide {
        out.extend(b"PK\x06\x06");
        out.extend(44_u64.to_le_bytes());
        out.extend([version, 0, version, 0]);
        out.extend([0; 8]);
        out.extend(u64::from(count).to_le_bytes());
        out.extend(u64::from(count).to_le_bytes());
        out.extend(size.to_le_bytes());
        out.extend(start.to_le_bytes());
        out.extend(b"PK\x06\x07");
        out.extend([0; 4]);
        out.extend((start + size).to_le_bytes());
        out.extend(1_u32.to_le_bytes());
    }
    out.extend(b"PK\x05\x06");
    out.extend([0; 4]);
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(if wide { [0xFF; 4] } else { narrow(size) });
    out.extend(narrow(start));
    out.extend([0; 2]);
    out
}
