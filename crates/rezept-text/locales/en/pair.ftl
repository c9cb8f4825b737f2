# Keys of the station and pairing (pair, recovery, the keys of init)

pair-exported = The card (public keys) of this station was written: { $path }
pair-export-next = Carry the medium to the other station, run rezept pair export there too, and then rezept pair accept on both. There is no secret on a card.
pair-label-peer = Other station
pair-label-code = Code
pair-label-key = Its key
pair-question = Does the screen of { $peer } show the same code? [y/N]
pair-accepted = { $peer } is paired. From now on everything is encrypted for it, and nothing unsigned is taken from it.
pair-took-recovery = The recovery key of the facility was taken over from the other station.
pair-changed = Careful: the keys of { $peer } are not those that were paired. If nobody replaced that station, do not pair, and tell the person in charge.
pair-was-revoked = Careful: the pairing with { $peer } was taken back before.
pair-same = { $peer } is paired already with this key.
pair-revoked = The pairing with { $peer } is taken back. Nothing goes to it or comes from it until it is paired anew.
pair-rotated = There is a new key for what arrives. The other station learns of it with the next exchange.
pair-none = No other station is paired.
pair-own = this station
pair-opening = opening key since { $day }
pair-state-paired = paired
pair-state-revoked = taken back
pair-no-recovery = There is no recovery key. rezept recovery sheet makes one.

recovery-made = The sheet with the recovery key was made: { $path }
recovery-next = Print it now and lock it away, then run rezept recovery printed. Without this paper nothing that was carried can be opened when the station breaks.
recovery-removed = The file for printing was removed: { $path } (It cannot be promised that no trace is left on the disk.)
recovery-no-file = There is no file for printing: { $path }

sheet-title = Facility recovery key
sheet-what = With this key everything that rezept carried encrypted can be opened, even when a station is broken. Whoever has it can read patients' data. Treat it like a bank book and its seal.
sheet-print = Print this page once, and check that text and QR code are legible.
sheet-lock = Put it into an envelope and lock it away. No photographs, no e-mail.
sheet-delete = When it is printed, run rezept recovery printed to remove the file. This key is kept nowhere but on this paper.
sheet-use = To use it, run rezept recover on a spare PC and type the text above. Spaces and line breaks do not matter.

## K keys and pairing
RZ-K101-what = The keys of this station are gone.
RZ-K101-sent = { sent-nothing }
RZ-K101-next = Bring the data folder back if you can. Otherwise make new keys with rezept pair export --new-keys --reason, and pair with the other station anew.

RZ-K102-what = The keys of this station cannot be opened: they belong to another machine, or are damaged.
RZ-K102-sent = { sent-nothing }
RZ-K102-next = Keys work only on the machine that made them. After a change of machine, make new ones with rezept pair export --new-keys --reason and pair anew. What had arrived can be opened with the recovery paper.

RZ-K103-what = The key file of this station is damaged.
RZ-K103-sent = { sent-nothing }
RZ-K103-next = Make new keys with rezept pair export --new-keys --reason, and pair with the other station anew. What had arrived can be opened with the recovery paper.

RZ-K104-what = The key store of the system does not work.
RZ-K104-sent = { sent-nothing }
RZ-K104-next = Check that you are logged in as the user who made the keys. Where there are no keys yet, [keys] store = "machine" in the configuration does without it.

RZ-K105-what = The key folder cannot be read or written.
RZ-K105-sent = { sent-nothing }
RZ-K105-next = Let this user read and write the folder keys in the data folder. { next-ask }

RZ-K106-what = There is no card of another station on this medium.
RZ-K106-sent = Nothing was paired.
RZ-K106-next = Run rezept pair export --to MEDIUM on the other station, plug that medium in and run the command again.

RZ-K107-what = The card of the other station is damaged or was altered.
RZ-K107-sent = Nothing was paired.
RZ-K107-next = Do not use this card; run rezept pair export on the other station again. If it stays, tell the person in charge.

RZ-K108-what = The other station has a newer rezept than this one.
RZ-K108-sent = Nothing was paired.
RZ-K108-next = Update rezept here and run the command again.

RZ-K109-what = It is the card of a station that the configuration does not name.
RZ-K109-sent = Nothing was paired.
RZ-K109-next = Compare the name of the other station with the one under to in the configuration. If nobody knows the card, tell the person in charge.

RZ-K110-what = There are several cards of one name on the medium.
RZ-K110-sent = Nothing was paired.
RZ-K110-next = Nobody can tell which is the real one. Delete the files in the details, and run rezept pair export on the other station again.

RZ-K111-what = There are cards of several stations on the medium.
RZ-K111-sent = Nothing was paired.
RZ-K111-next = Name the station to pair with by --peer.

RZ-K112-what = Nobody has compared the code yet.
RZ-K112-sent = Nothing was paired.
RZ-K112-next = If the other screen shows this same code, read it from the other screen and run rezept pair accept --code with it. If it differs, do not pair.

RZ-K113-what = The code is not the one on the other screen. The card may have been exchanged.
RZ-K113-sent = Nothing was paired.
RZ-K113-next = Read the code again. If it still differs, do not use the cards on this medium, begin anew with rezept pair export on both, and tell the person in charge.

RZ-K114-what = That station is not paired.
RZ-K114-sent = { sent-unchanged }
RZ-K114-next = See rezept pair list for the names.

RZ-K115-what = There is too little memory to compute the code.
RZ-K115-sent = Nothing was paired.
RZ-K115-next = Close programs that are not needed and run the command again.

RZ-K116-what = There is a recovery key already.
RZ-K116-sent = { sent-unchanged }
RZ-K116-next = If the paper is lost, make another with --replace and pair with the other station anew. Keep the old paper: it opens what is old.

RZ-K117-what = The keys are not bound to this machine, because the machine has no id.
RZ-K117-sent = { sent-unchanged }
RZ-K117-next = Whoever copies the data folder can use the keys. Give the data folder to nobody.

RZ-K118-what = The file for printing the recovery key is still there.
RZ-K118-sent = { sent-unchanged }
RZ-K118-next = Print it, lock the paper away, and run rezept recovery printed.

recover-ask-key = Type the recovery key from the paper (AGE-SECRET-KEY-1…); it is not shown:
recover-done = { $n } files were taken out. No journal knows of it, and nothing is acknowledged to the sender.

RZ-K119-what = There is no sealed parcel here.
RZ-K119-sent = Nothing was taken out.
RZ-K119-next = Name the file that ends in .hdr, in the folder REZEPT of the medium. What is not sealed can be read as it is.

RZ-K120-what = This cannot be read as a key.
RZ-K120-sent = Nothing was taken out.
RZ-K120-next = Type again what begins with AGE-SECRET-KEY-1 on the paper, to its end. Spaces and line ends do not matter.

RZ-K121-what = It is not signed by the station that was named.
RZ-K121-sent = Nothing was taken out.
RZ-K121-next = See rezept pair list on the sending station for its key. If it still differs, do not use this, and tell the person in charge.

RZ-K122-what = This key does not open it.
RZ-K122-sent = Nothing was taken out.
RZ-K122-next = See whether there is another paper: what was sent before the key was made anew opens with the one before.

RZ-K123-what = The parcel is damaged or incomplete.
RZ-K123-sent = Nothing was taken out.
RZ-K123-next = If there is another copy of the medium, name that one. Otherwise send again from the sending station.

RZ-K124-what = There is a file of that name already.
RZ-K124-sent = Nothing was taken out, and that file is untouched.
RZ-K124-next = Give an empty folder with --out.

RZ-K125-what = Who sent this was not proven.
RZ-K125-sent = { sent-unchanged }
RZ-K125-next = Before it is submitted, take it out once more with the sender's key in --public-key, and look at what it is.

RZ-K126-what = The files that were taken out cannot be written.
RZ-K126-sent = { sent-unchanged }
RZ-K126-next = See whether the folder in --out can be written to and has room, and run the command again.

RZ-K127-what = This station is not paired with the other one, so files stand on the medium readable for whoever finds it.
RZ-K127-sent = Handing over works all the same.
RZ-K127-next = Compare keys with rezept pair export and rezept pair accept. From then on everything is sealed.
