# The commands of a station (send, receive, status and so on)

state-SEEN = seen (perhaps still being written)
state-STABLE = being checked
state-GATED = waiting to be sent
state-IN_PARCEL = in a parcel
state-KEPT = handed over (kept in its place)
state-HELD = held (a person must decide)
state-CANCELLED = called off
state-GONE = no longer in its place
state-SPOOLED = not yet written
state-WRITTEN = written to the medium
state-READ_BACK = read back and the same
state-COMMITTED = on the medium (waiting for the acknowledgement)
state-ACKNOWLEDGED = acknowledged
state-ARCHIVED = done (in the archive)
state-FOUND = found on the medium
state-AUTHENTIC = meant for this station (sender not proven)
state-COPIED = copied
state-VALID = contents checked
state-DELIVERED = delivered (acknowledgement not yet written)
state-ACK_WRITTEN = delivered and acknowledged
state-QUARANTINED = quarantined (damaged or doubtful)
state-EXPIRED = not acknowledged in time

level-L0 = read back: not yet
level-L1 = read back: the same (perhaps from a cache) L1
level-L2 = read back: the same, read from the medium L2
level-L3 = read back: the same, after the medium was mounted anew L3
level-L4 = acknowledged by the other station L4

payer-shaho = shaho
payer-kokuho = kokuho

transfer-heading = { $label } { $direction } { $peer }
transfer-out = ->
transfer-in = <-

send-safe-to-remove = It is safe to remove the medium and carry it to the other station.
receive-nothing = There is nothing new for this station on this medium.
status-unused = This station has not been used yet.
status-transfers = Transfers ({ $n })
status-waiting = Files not yet sent ({ $n })
status-held = Waiting for a person ({ $n })
held-nothing = Nothing waits for a person.
held-released = Released. It goes on with the next turn (send, receive or watch).
held-refused = Ended. The file and what is on the medium stay as they are.
held-cannot-release = What was stopped for this reason cannot be carried even if released. Put the mended file in its place, or end it with rezept held refuse.

gate-claim = claim file
gate-return = return file
gate-notice = notice
gate-kind = kind
gate-payer-body = payer body
gate-facility = facility
gate-month = month
gate-family = point table
gate-official-name = official file name
gate-no-header = no header
gate-no-trailer = no last record (GO or HG)
gate-trailer-not-last = records behind the last record
gate-volume-mark = the volume marks do not agree
watch-started = { $name } is watching. Press Ctrl+C to end.
watch-stopped = Watching has ended.

init-done = Configuration made: { $path }
init-next = Check it with rezept doctor, then begin with rezept watch.

doctor-version = version
doctor-system = system
doctor-station = station
doctor-facility = facility
doctor-data = data folder
doctor-journal = journal
doctor-keys = keys
doctor-sheet = recovery sheet
doctor-watch = watched folder
doctor-inbox = inbox
doctor-medium = medium
doctor-verdict-ok = ok
doctor-verdict-warning = !
doctor-verdict-error = x

demo-folder = Demo folder: { $path }
demo-step-pair = The two stations are paired: cards go over the medium, and a person compares the code on both screens.
demo-code = Code on the screen of { $station }: { $code }
demo-paired = the codes are the same, so each knows the other now. From here on all that is written to the medium is sealed and signed.
demo-unreadable = in the { $n } files on the medium not one line of a claim can be read.
demo-step-files = The receipt computer made claim files of the same name for shaho and kokuho.
demo-step-write = rezept on the receipt computer seals them, writes them to the medium and reads them back.
demo-step-receive = rezept on the claim terminal takes them, delivers shaho and kokuho apart, and acknowledges.
demo-step-ack = rezept on the receipt computer takes the acknowledgement, clears the medium, archives the sources.
demo-step-return-file = A return file was downloaded on the claim terminal.
demo-step-return-write = rezept on the claim terminal seals it, writes it to the medium and reads it back.
demo-step-return-receive = rezept on the receipt computer takes the return file.
demo-step-return-ack = rezept on the claim terminal takes the acknowledgement.
demo-step-worklist = The returned claims are on the worklist.
demo-step-edit = The first one: its request data are corrected and sent again. Its history goes back as it came.
demo-step-merge = The second one: made anew by the receipt computer, it gets search number and history and is sent again.
demo-step-worklist-done = The resubmission files arrived at the claim terminal, and the worklist knows it.
demo-resubmitted = the resubmission file is at the claim terminal.
demo-step-audit = The histories of both stations are followed.
demo-archived = the sources are in the archive, the medium is clear.
demo-good = Everything is the same.
demo-bad = Something differs. See above.
