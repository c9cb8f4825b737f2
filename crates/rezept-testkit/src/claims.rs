//! Invented claim and return files of any size whose header, claims and totals agree (docs/formats.md). Every person,
//! insurer symbol and facility in them is made up; the numbers that have a check digit have the right one.

use encoding_rs::SHIFT_JIS;

/// The review body a file is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Body {
    /// 社保, written 1.
    Shaho,
    /// 国保, written 2.
    Kokuho,
}

impl Body {
    const fn code(self) -> char {
        match self {
            Self::Shaho => '1',
            Self::Kokuho => '2',
        }
    }

    const fn insurer(self) -> &'static str {
        match self {
            Self::Shaho => "01130012",
            Self::Kokuho => "  138016",
        }
    }
}

/// An invented 医科 file. Start from [`Invented::ika`], change what the test is about, and make the bytes.
#[derive(Clone, Debug)]
pub struct Invented {
    body: Body,
    prefecture: String,
    facility: String,
    year: u16,
    month: u8,
    claims: u32,
    first_patient: u32,
    added_points: u64,
    trailer: bool,
}

impl Invented {
    /// Three claims of the invented clinic 13-1-9999015 for 社保, billed in November 2024.
    #[must_use]
    pub fn ika() -> Self {
        Self {
            body: Body::Shaho,
            prefecture: "13".into(),
            facility: "9999015".into(),
            year: 2024,
            month: 11,
            claims: 3,
            first_patient: 1,
            added_points: 0,
            trailer: true,
        }
    }

    /// For another review body.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// From another facility: two digits of the prefecture, then seven of the code (see [`facility_code`]).
    #[must_use]
    pub fn facility(mut self, prefecture: &str, code: &str) -> Self {
        self.prefecture = prefecture.into();
        self.facility = code.into();
        self
    }

    /// Billed in another month; treated in the month before it.
    #[must_use]
    pub fn month(mut self, year: u16, month: u8) -> Self {
        self.year = year;
        self.month = month;
        self
    }

    /// With so many claims.
    #[must_use]
    pub fn claims(mut self, claims: u32) -> Self {
        self.claims = claims;
        self
    }

    /// With as many claims as it takes to reach `bytes`. The file is at most one claim longer.
    #[must_use]
    pub fn at_least(mut self, bytes: u64) -> Self {
        let claim = self.clone().claims(1).make().len() as u64;
        // Later claims are no shorter: their numbers have more digits.
        self.claims =
            u32::try_from(bytes.div_ceil(claim.saturating_sub(100).max(1))).unwrap_or(u32::MAX).max(1);
        let mut length = 0;
        for number in 1..=self.claims {
            length += encode(&self.claim(number, None)).len() as u64;
            if length >= bytes {
                self.claims = number;
                break;
            }
        }
        self
    }

    /// With other patients: two files that differ in this differ in content, not in identity.
    #[must_use]
    pub fn patients_from(mut self, first: u32) -> Self {
        self.first_patient = first;
        self
    }

    /// Declares more points in the trailer than its claims have.
    #[must_use]
    pub fn with_wrong_total(mut self) -> Self {
        self.added_points = 1;
        self
    }

    /// Ends in the middle, as a file that is still being written: no trailer, no 0x1A.
    #[must_use]
    pub fn without_trailer(mut self) -> Self {
        self.trailer = false;
        self
    }

    /// The claim file (UKE), in CP932 with CRLF and 0x1A.
    #[must_use]
    pub fn make(&self) -> Vec<u8> {
        let mut bytes = encode(&self.header());
        for number in 1..=self.claims {
            bytes.extend(encode(&self.claim(number, None)));
        }
        self.finish(bytes, "GO")
    }

    /// A return file (HEN) in which every claim comes back for one reason, with its history block.
    #[must_use]
    pub fn make_returns(&self) -> Vec<u8> {
        let header = [
            "HI".to_owned(),
            self.body.code().to_string(),
            format!("{}{:02}", self.year, self.month),
            self.prefecture.clone(),
            "1".to_owned(),
            self.facility.clone(),
            String::new(),
            "00".to_owned(),
        ];
        let mut bytes = encode(&format!("{}\r\n", header.join(",")));
        for number in 1..=self.claims {
            bytes.extend(encode(&self.returned(number)));
        }
        self.finish(bytes, "HG")
    }

    fn finish(&self, mut bytes: Vec<u8>, trailer: &str) -> Vec<u8> {
        if self.trailer {
            let points: u64 = (1..=self.claims).map(|number| self.points(number)).sum();
            let points = points + self.added_points;
            bytes.extend(encode(&format!("{trailer},{},{points},99\r\n", self.claims)));
            bytes.push(0x1A);
        }
        bytes
    }

    fn header(&self) -> String {
        let (body, prefecture, facility) = (self.body.code(), &self.prefecture, &self.facility);
        let (year, month) = (self.year, self.month);
        format!("IR,{body},{prefecture},1,{facility},,テスト見本診療所,{year}{month:02},00,03-0000-0000\r\n")
    }

    /// The month of treatment, as `YYYYMM`.
    fn treated(&self) -> String {
        match self.month {
            0 | 1 => format!("{}12", self.year.saturating_sub(1)),
            month => format!("{}{:02}", self.year, month - 1),
        }
    }

    fn points(&self, number: u32) -> u64 {
        291 + 75 + u64::from((self.first_patient + number) % 400)
    }

    fn claim(&self, number: u32, search_number: Option<&str>) -> String {
        let patient = self.first_patient + number - 1;
        let (treated, insurer, points) = (self.treated(), self.body.insurer(), self.points(number));
        let search_number = search_number.unwrap_or_default();
        let surname = ["見本", "架空", "試験", "仮名", "髙橋"].get(patient as usize % 5).unwrap_or(&"見本");
        let day = 3 + patient % 20;
        let days = |prefix: &str| {
            format!("{prefix}{}1{}\r\n", ",".repeat(day as usize), ",".repeat(31 - day as usize))
        };
        let rest = points - 291 - 75;
        let mut claim = format!(
            "RE,{number},1112,{treated},{surname}　太郎,1,19700105,,,,,,,{patient:05},,,,,{search_number},,\
             {patient:05}-{treated}-1,,,,,,,,,,,,,,,,ミホン　タロウ,\r\n\
             HO,{insurer},２１７０１２３,{wide},1,{points},,,,,,,,,\r\n\
             SN,1,01,{insurer},２１７０１２３,{wide},00,,\r\n",
            wide = full_width(patient),
        );
        claim += &days("JD,1");
        claim += &format!("SY,8833421,{treated}01,1,,,01,\r\n");
        claim += &days("SI,11,1,111000110,,291,1,,,,,,");
        claim += &days("SI,12,1,112007410,,75,1,,,,,,");
        if rest > 0 {
            claim += &days(&format!("SI,60,1,160008010,,{rest},1,,,,,,"));
        }
        claim
    }

    fn returned(&self, number: u32) -> String {
        let patient = self.first_patient + number - 1;
        let search_number = format!("{}1{:05}{patient:09}", self.prefecture, 20_000 + u32::from(self.month));
        let processed = format!("{}{:02}", self.year, self.month);
        let claim = self.claim(number, Some(&search_number));
        let reason = format!("HR,{processed},1,,L3129,記号・番号の誤り,,,,{search_number},,,,\r\n");
        let mut history =
            format!("2,1,0,MN,{patient:016},東京都架空区見本一丁目１番１号,{search_number},,,\r\n");
        let lines = self.header() + &claim;
        let mut line_number = 1;
        for line in lines.lines() {
            line_number += 1;
            history += &format!("1,{line_number},0,{line}\r\n");
        }
        line_number += 1;
        history += &format!("8,{line_number},0,{reason}");
        line_number += 1;
        history += &format!("2,{line_number},0,RC,Ver00001{patient:032x}\r\n");
        claim + &reason + &history
    }
}

/// A seven-digit facility code: six digits and their check digit over prefecture, point table and the six
/// (docs/formats.md: weights 2 and 1 from the right).
#[must_use]
pub fn facility_code(prefecture: &str, point_table: &str, six: &str) -> String {
    let digits = format!("{prefecture}{point_table}{six}");
    let weighted = digits.bytes().rev().enumerate().map(|(index, byte)| {
        let product = u32::from(byte.saturating_sub(b'0')) * if index.is_multiple_of(2) { 2 } else { 1 };
        product / 10 + product % 10
    });
    let sum: u32 = weighted.sum();
    format!("{six}{}", (10 - sum % 10) % 10)
}

fn full_width(number: u32) -> String {
    let wide =
        |digit: char| char::from_u32(u32::from(digit) - u32::from('0') + u32::from('０')).unwrap_or('０');
    number.to_string().chars().map(wide).collect()
}

fn encode(text: &str) -> Vec<u8> {
    let (bytes, _, unmappable) = SHIFT_JIS.encode(text);
    assert!(!unmappable, "invented text stays within CP932");
    bytes.into_owned()
}
