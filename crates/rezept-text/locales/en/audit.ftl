# The history (rezept audit)

audit-sound = { $n } entries followed; nothing was rewritten.
audit-elsewhere = The { $n } that were shown to other stations are all the same.
audit-broken-at = Entry #{ $entry } was edited, removed or put in.
audit-unmet-missing = Entry #{ $entry } is not here; the last one is #{ $last }. { $who }.
audit-unmet-other = Entry #{ $entry } is another one here. { $who }.
audit-astray = { $row }: its state is not what the history tells.
audit-given-to = It was shown to { $peer }
audit-held-by = { $peer } holds it
audit-in-header = It stands in a parcel that was sent
audit-more = There are { $n } more; --json shows all.

## A the history and its witnesses
RZ-A101-what = Another station holds what comes after the end of this history. The journal here was set back, or its end was removed.
RZ-A101-sent = The handing over was not stopped.
RZ-A101-next = Run rezept audit verify, ask who restored a journal or replaced a computer, and tell the person responsible for information.

RZ-A102-what = The history of this station is not the one that another station holds. The journal here was rewritten or set back.
RZ-A102-sent = The handing over was not stopped.
RZ-A102-next = Leave the data folder as it is, and show the person responsible for information what rezept audit verify says.
