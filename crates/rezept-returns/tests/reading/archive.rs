//! ZIP archives byte by byte: names in any encoding, sizes and sums that lie, flags as wanted. Stored members only.

/// A member as its headers describe it.
#[derive(Clone)]
pub struct Member {
    pub name: Vec<u8>,
    pub content: Vec<u8>,
    /// Declared size, where it is not that of the content.
    pub size: Option<u32>,
    pub crc: Option<u32>,
    pub flags: u16,
    pub method: u16,
}

pub fn member(name: impl AsRef<[u8]>, content: &[u8]) -> Member {
    let (name, content) = (name.as_ref().to_vec(), content.to_vec());
    Member { name, content, size: None, crc: None, flags: 0, method: 0 }
}

/// CRC-32 as ZIP has it, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & 0u32.wrapping_sub(crc & 1)))
    })
}

fn number(value: usize) -> [u8; 4] {
    u32::try_from(value).unwrap().to_le_bytes()
}

fn short(value: usize) -> [u8; 2] {
    u16::try_from(value).unwrap().to_le_bytes()
}

/// What local and central header have in common, from the version needed to the length of the extra field.
fn common(member: &Member) -> Vec<u8> {
    let mut out = vec![20, 0];
    out.extend(member.flags.to_le_bytes());
    out.extend(member.method.to_le_bytes());
    out.extend([0, 0, 0x21, 0]);
    out.extend(member.crc.unwrap_or_else(|| crc32(&member.content)).to_le_bytes());
    out.extend(number(member.content.len()));
    out.extend(member.size.map_or_else(|| number(member.content.len()), u32::to_le_bytes));
    out.extend(short(member.name.len()));
    out.extend([0, 0]);
    out
}

/// The archive.
pub fn zip(members: &[Member]) -> Vec<u8> {
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for member in members {
        central.extend(b"PK\x01\x02\x14\0");
        central.extend(common(member));
        central.extend([0; 10]);
        central.extend(number(out.len()));
        central.extend(&member.name);
        out.extend(b"PK\x03\x04");
        out.extend(common(member));
        out.extend(&member.name);
        out.extend(&member.content);
    }
    let start = out.len();
    out.extend(&central);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(short(members.len()));
    out.extend(short(members.len()));
    out.extend(number(central.len()));
    out.extend(number(start));
    out.extend([0, 0]);
    out
}
