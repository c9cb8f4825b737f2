# The history (rezept audit)

audit-sound = { $n } entries followed; nothing was rewritten.
audit-elsewhere = The { $n } that were shown to other stations are all the same.
audit-broken-at = Entry #{ $entry } was edited, removed or put in.
audit-unmet-missing = Entry #{ $entry } is not here; the last one is #{ $last }. { $who }.
audit-unmet-other = Entry #{ $entry } is another one here. { $who }.
audit-astray = { $row }: its content or state is not what the history tells.
audit-given-to = It was shown to { $peer }
audit-held-by = { $peer } holds it
audit-in-header = It stands in a parcel that was sent
audit-more = There are { $n } more; --json shows all.

audit-exported = { $n } entries were written to { $path }
audit-export-sound = { $n } entries follow one another; nothing was rewritten.
audit-export-compare = If another station or an earlier export has this hash too, it is the history of that station.
audit-label-station = Station
audit-label-facility = Facility
audit-label-entries = Entries
audit-label-exported = Exported
audit-column-seq = Entry
audit-column-at = Time (UTC)
audit-column-actor = Who
audit-column-subject = About
audit-column-from = Before
audit-column-to = After
audit-column-note = Note
audit-column-sha256 = SHA-256

## A the history and its witnesses
RZ-A101-what = Another station holds what comes after the end of this history. The journal here was set back, or its end was removed.
RZ-A101-sent = The handing over was not stopped.
RZ-A101-next = Run rezept audit verify, ask who restored a journal or replaced a computer, and tell the person responsible for information.

RZ-A102-what = The history of this station is not the one that another station holds. The journal here was rewritten or set back.
RZ-A102-sent = The handing over was not stopped.
RZ-A102-next = Leave the data folder as it is, and show the person responsible for information what rezept audit verify says.

RZ-A103-what = The exported history is broken: an entry was changed or is missing.
RZ-A103-sent = { sent-nothing }
RZ-A103-next = If Excel or an editor has saved the file, take it as it was exported. Otherwise tell the person responsible for information.

RZ-A104-what = This is no exported history, or a newer version exported it.
RZ-A104-sent = { sent-nothing }
RZ-A104-next = Name a file that rezept audit export has made. If a newer version made it, update rezept here.

RZ-A105-what = There are no such entries. The last one is { $value }.
RZ-A105-sent = { sent-nothing }
RZ-A105-next = See rezept ledger for the numbers, and run the command again.

RZ-A106-what = The history could not be written down. A file of the same name is never overwritten.
RZ-A106-sent = { sent-nothing }
RZ-A106-next = Name another file, or a folder that can be written.
