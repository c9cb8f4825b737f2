# Command verify

verify-bag = Parcel
verify-version = Form
verify-version-value = BagIt { $version }
verify-algorithms = Digests
verify-payload = Content
verify-payload-value = { $files } { $files ->
    [one] file
   *[other] files
}, { $bytes } bytes
verify-verdict = Verdict
verify-valid = Complete. Every file equals its digest.
verify-valid-warnings = Complete, with { $n } { $n ->
    [one] warning
   *[other] warnings
}.
verify-invalid = Not valid: { $n } { $n ->
    [one] error
   *[other] errors
}.
verify-left-off = { $n } more are not shown.
verify-place-line = line { $line }
verify-place-listed-in = listed in

bag-no-bagit-txt = There is no bagit.txt.
bag-bad-bagit-txt = The file bagit.txt is not well-formed.
bag-bom-in-bagit-txt = The file bagit.txt begins with a byte order mark.
bag-unknown-version = The BagIt version is not known.
bag-unknown-encoding = The character encoding is not known.
bag-not-text = It is not text in the bag's encoding.
bag-tag-file-too-large = The tag file is too large.
bag-line-too-long = The line is too long.
bag-no-payload-folder = There is no folder data.
bag-no-manifest = There is no payload manifest.
bag-unknown-algorithm = The algorithm cannot be checked here.
bag-algorithm-twice = Two manifests use the same algorithm.
bag-bad-manifest-line = The manifest line is not well-formed.
bag-bad-fetch-line = The line of fetch.txt is not well-formed.
bag-out-of-scope = The name leads out of the parcel or cannot be used.
bag-not-payload = The manifest lists something that is not payload.
bag-not-a-tag-file = The tag manifest lists something it must not.
bag-conflicting-digests = A file is listed twice with different digests.
bag-listed-twice = A file is listed twice.
bag-missing = A listed file is missing.
bag-not-fetched = A file of fetch.txt was not fetched.
bag-fetch-not-in-manifest = A file of fetch.txt is in no manifest.
bag-unlisted = A file in data is in no manifest.
bag-unlisted-in = A file in data is not in every manifest.
bag-digest-differs = The content differs from its digest.
bag-link = There is a link.
bag-special-file = There is something that is neither a file nor a folder.
bag-bad-name = The name is not valid text.
bag-too-deep = The folders are too deep.
bag-too-many-entries = There are too many files and folders.
bag-oxum-differs = Number or size is not what Payload-Oxum says.
bag-unreadable = The file cannot be read.

bag-asterisk = An asterisk stands before the path.
bag-leading-dot-slash = The path begins with ./ in the manifest.
bag-case-twins = Names differ in case only: many disks keep only one of them.
bag-normalization-twins = Names differ in composition only: some disks keep only one of them.
bag-renormalized = The file is present under another composition of its characters.
bag-system-file = The file belongs to an operating system.
bag-system-file-missing = A file of an operating system is missing and could not be checked.
bag-byte-order-mark = The file begins with a byte order mark.
bag-bad-metadata-line = The line is not a label and a value.
bag-not-portable = The name cannot be created on every system.
