# Command show

show-file = File
show-kind = Kind
show-payer = Payer body
show-facility = Facility
show-month = Month
show-volume = Volume
show-claims = Claims
show-payers = Payers
show-points = Points
show-yen = Yen
show-whole = Completeness
show-size = Size
show-hash = SHA-256
show-official-name = Official name
show-records = Records
show-findings = Findings

show-kind-claim = claim file
show-kind-return = return file
show-kind-notice = notice (CSV)
show-family-ika = medical
show-family-dpc = DPC
show-family-shika = dental
show-family-chozai = pharmacy
show-family-houkan = home nursing
show-return-hen = of first or repeat claims
show-return-sah = after re-review
show-notice-hasp = ASP check result
show-notice-fixf = confirmed claims
show-notice-fmei = payment details
show-notice-henr = list of returns
show-notice-zogn = list of changed points
show-notice-other = other notice
show-payer-shaho = 1 shaho (Social Insurance Claims Review and Reimbursement Services)
show-payer-kokuho = 2 kokuho (National Health Insurance Organisation)

show-month-era = { $year }-{ $month } ({ $era } { $era-year })
show-era-reiwa = Reiwa
show-era-heisei = Heisei
show-era-showa = Showa

show-count-claims = { $n } { $n ->
    [one] claim
   *[other] claims
}
show-count-points = { $n } { $n ->
    [one] point
   *[other] points
}
show-count-yen = { $n } yen
show-total-same = { $counted } (equals the file's total)
show-total-differs = { $counted } (the file says { $declared })
show-total-missing = { $counted } (the file has no total)
show-total-volume = { $counted } (one volume of several: not compared)
show-complete = Complete to the end.
show-incomplete = Cut off, or something is missing.
show-not-stated = (not readable)
show-no-findings = None.
show-finding-counts = file refused { $file }, claim refused { $claim }, to confirm { $confirm }, information { $info }
show-more-findings = { $n } more of the same kind.
show-count-plain = { $n }
