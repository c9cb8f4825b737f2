# Three sentences for each code: -what happened, was anything -sent, what to do -next.
# Places (paths, numbers) stay out of the sentences: the report shows them in a line of their own.

## Sentences used again and again
sent-nothing = Nothing was sent. The original file is untouched.
sent-not-this = This file was not sent. The original is untouched.
sent-as-it-stands = What was handed over is not affected. Nothing that is not handed over yet is lost.
sent-not-delivered = Nothing of this parcel was put into the inbox.
sent-unchanged = Nothing has changed about what was sent.
sent-not-imported = This file was not imported. The original is untouched.
sent-no-resubmission = No resubmission file was made. This command sent nothing.
next-ask = If it stays, tell this code to the person in charge or the vendor.
next-download-again = Download it again from the online claim system.
next-take-return = Import a return file (HEN or SAH) as downloaded from the online claim system.

## U usage and configuration
RZ-U101-what = There is no { $value } here.
RZ-U101-sent = { sent-nothing }
RZ-U101-next = Check the spelling. See rezept --help for how to use it.

RZ-U102-what = Something required is missing: { $value }.
RZ-U102-sent = { sent-nothing }
RZ-U102-next = Add it and run the command again. See rezept --help for how to use it.

RZ-U103-what = { $argument } does not take { $value }.
RZ-U103-sent = { sent-nothing }
RZ-U103-next = See rezept --help for the values it takes, and run the command again.

RZ-U104-what = { $argument } and { $value } cannot be used together.
RZ-U104-sent = { sent-nothing }
RZ-U104-next = Use one of them and run the command again.

RZ-U105-what = The command is not written correctly.
RZ-U105-sent = { sent-nothing }
RZ-U105-next = See rezept --help for how to use it.

RZ-U201-what = There is no configuration file.
RZ-U201-sent = { sent-nothing }
RZ-U201-next = Make one with rezept init, or name one with --config.

RZ-U202-what = The configuration file cannot be read.
RZ-U202-sent = { sent-nothing }
RZ-U202-next = Check that you may open the file. { next-ask }

RZ-U203-what = The configuration file is not well-formed.
RZ-U203-sent = { sent-nothing }
RZ-U203-next = Correct the line shown. The file is written in TOML.

RZ-U204-what = The configuration file has an unknown key.
RZ-U204-sent = { sent-nothing }
RZ-U204-next = Correct the spelling of the key, or remove the line.

RZ-U205-what = The configuration file lacks a required key.
RZ-U205-sent = { sent-nothing }
RZ-U205-next = Add the key that the details name to the section that begins at the line shown.

RZ-U206-what = A value in the configuration file is not valid.
RZ-U206-sent = { sent-nothing }
RZ-U206-next = Correct the value shown; the details say what is wrong with it.

RZ-U207-what = Folders of the configuration overlap. Watch, inbox, data and medium folders may not contain one another.
RZ-U207-sent = { sent-nothing }
RZ-U207-next = Move one of the two folders shown to a place of its own.

RZ-U208-what = The configuration has no route to this station or medium.
RZ-U208-sent = { sent-nothing }
RZ-U208-next = Check the name, or correct route and medium in the configuration file.

RZ-U209-what = The journal has nothing with this id, or the id is too short to be unique.
RZ-U209-sent = { sent-unchanged }
RZ-U209-next = Look up the id with rezept status or rezept held list.

RZ-U210-what = A configuration file exists already. It is not overwritten.
RZ-U210-sent = { sent-nothing }
RZ-U210-next = Use the existing one, or name another place with --config.

RZ-U211-what = The role of the station and the rest of the configuration do not fit.
RZ-U211-sent = { sent-nothing }
RZ-U211-next = Correct the key shown so that it fits the name and role of the station.

## F files that cannot be read
RZ-F101-what = The file does not exist.
RZ-F101-sent = { sent-nothing }
RZ-F101-next = Check the name and the folder, and run the command again.

RZ-F102-what = The file cannot be opened.
RZ-F102-sent = { sent-nothing }
RZ-F102-next = Check that no other program has it open and that you may open it. { next-ask }

RZ-F103-what = This is not a file.
RZ-F103-sent = { sent-nothing }
RZ-F103-next = Name the file inside the folder, not the folder.

RZ-F104-what = This is a link. What it points to is not used.
RZ-F104-sent = { sent-nothing }
RZ-F104-next = Name the file itself.

RZ-F105-what = The file is empty.
RZ-F105-sent = { sent-nothing }
RZ-F105-next = Make the file again with the receipt computer.

RZ-F106-what = This is a web page, not a claim file. An error page was probably saved.
RZ-F106-sent = { sent-nothing }
RZ-F106-next = Download it again from the online claim system.

RZ-F107-what = The character code is wrong: the file was saved anew as UTF-8 or UTF-16.
RZ-F107-sent = { sent-nothing }
RZ-F107-next = A file saved by an editor cannot be used. Use what the receipt computer wrote, or the file as downloaded.

RZ-F108-what = A spreadsheet program saved this file anew. Leading zeros and more may be lost.
RZ-F108-sent = { sent-nothing }
RZ-F108-next = Do not open and save it with Excel. Use what the receipt computer wrote, or the file as downloaded.

RZ-F109-what = This is a ZIP file.
RZ-F109-sent = { sent-nothing }
RZ-F109-next = Take the files out of it and name one of them.

RZ-F110-what = This is a PDF, not a claim file.
RZ-F110-sent = { sent-nothing }
RZ-F110-next = Name a claim file, a return file or a notice.

RZ-F111-what = The header record is missing: the start of the file is lost.
RZ-F111-sent = { sent-nothing }
RZ-F111-next = Make the file again with the receipt computer, or download the return file again.

RZ-F112-what = The file has history lines only. It is an insurer's file, not a return file.
RZ-F112-sent = { sent-nothing }
RZ-F112-next = Name the return file of the online claim system.

RZ-F113-what = This is no claim file, return file or notice.
RZ-F113-sent = { sent-nothing }
RZ-F113-next = Check that you chose the right file.

RZ-F114-what = The file could not be read to its end.
RZ-F114-sent = { sent-nothing }
RZ-F114-next = Check the medium or the network, and run the command again. { next-ask }

RZ-F115-what = This is not a parcel: there is no bagit.txt.
RZ-F115-sent = { sent-nothing }
RZ-F115-next = Name the folder that holds bagit.txt.

RZ-F116-what = The result could not be written: the disk is full or cannot be written.
RZ-F116-sent = { sent-unchanged }
RZ-F116-next = Send the output elsewhere and run the command again.

## G stopped before sending or delivering
RZ-G101-what = The content is no claim file, return file or notice.
RZ-G101-sent = { sent-not-this }
RZ-G101-next = Check that it is the right file. If another program saved it, write it again with the receipt computer.

RZ-G102-what = Payer body, facility or month cannot be read from the file.
RZ-G102-sent = { sent-not-this }
RZ-G102-next = Write it again with the receipt computer. Give a notice the name it was downloaded with.

RZ-G103-what = No route of the configuration takes this kind of file.
RZ-G103-sent = { sent-not-this }
RZ-G103-next = Check that it lies in the right folder. If it does, correct accept in the configuration.

RZ-G104-what = The file is cut off, or is still being written.
RZ-G104-sent = { sent-not-this }
RZ-G104-next = Check that the receipt computer has finished, and write the file again.

RZ-G105-what = The file belongs to another facility.
RZ-G105-sent = { sent-not-this }
RZ-G105-next = Find out where it came from. If it is yours, correct facility in the configuration.

RZ-G106-what = The totals at the end of the file are not what its claims add up to.
RZ-G106-sent = { sent-not-this }
RZ-G106-next = The review body would refuse it. Make it again with the receipt computer.

RZ-G107-what = A file with the same content was accepted or sent before.
RZ-G107-sent = The earlier one stays valid. This file was not sent.
RZ-G107-next = Check whether last month's file was left over. Release it with a reason only if it must go again.

RZ-G108-what = Another content for the same payer body and month was accepted or sent before.
RZ-G108-sent = The earlier one stays valid. This file was not sent.
RZ-G108-next = Decide which one is right. To send the new one, release it with rezept held release and a reason.

RZ-G109-what = The file never stops changing.
RZ-G109-sent = { sent-not-this }
RZ-G109-next = Check that the receipt computer has not stopped half-way.

RZ-G110-what = A link or a special file lies in a watched folder.
RZ-G110-sent = { sent-not-this }
RZ-G110-next = Put the file itself there. If nobody knows where it came from, tell the person responsible for information.

RZ-G111-what = Parcels that are not encrypted may not be written to removable media.
RZ-G111-sent = { sent-not-this }
RZ-G111-next = Pair the stations, or let the person responsible decide on plain_on_removable in the configuration.

RZ-G112-what = The same content arrived in a parcel with another id. It could become a double claim.
RZ-G112-sent = What arrived before is in the inbox. This one was not put there.
RZ-G112-next = Check in the online claim system whether it was sent, and decide with rezept held.

RZ-G113-what = Another content for the same payer body and month arrived.
RZ-G113-sent = What arrived before is in the inbox. This one was not put there.
RZ-G113-next = Ask the sender which one is right, and decide with rezept held.

RZ-G114-what = There are too many files for one parcel, or they are too large.
RZ-G114-sent = { sent-not-this }
RZ-G114-next = Send them in several parts.

RZ-G115-what = The configuration does not say where this file is to go.
RZ-G115-sent = { sent-not-this }
RZ-G115-next = Check the routes of the configuration.

RZ-G116-what = An editor or a spreadsheet program saved this file anew. Its characters or leading zeros have changed.
RZ-G116-sent = { sent-not-this }
RZ-G116-next = Use the receipt computer's own output, or the file as it was downloaded.

RZ-G117-what = This file answers returned claims (search numbers) that another file answers too.
RZ-G117-sent = { sent-not-this }
RZ-G117-next = Check the other file. Release this one with a reason only if the other one does not count.

RZ-G118-what = This file holds claims that went out before, to the letter, in another file. They would be claimed twice.
RZ-G118-sent = { sent-not-this }
RZ-G118-next = Make the file without these claims. Release it with a reason only if the other one does not count.

RZ-G119-what = A corrected file arrived, and the earlier one has been taken out of the inbox. It may have been sent already.
RZ-G119-sent = The corrected file is not in the inbox yet. Nothing was sent to the review body by this program.
RZ-G119-next = Check in the online claim system. If the earlier one was not sent, or was withdrawn, confirm with rezept held release and a reason.

## T handing over, media
RZ-T101-what = What was read back from the medium differs from what was written. The medium may be damaged.
RZ-T101-sent = { sent-as-it-stands }
RZ-T101-next = Do not use this medium any more. Send again with another one.

RZ-T102-what = The original file changed while it was copied.
RZ-T102-sent = This parcel did not reach the other station.
RZ-T102-next = Send again once the receipt computer has finished. The watching service tries again by itself.

RZ-T103-what = The medium or share is not there.
RZ-T103-sent = { sent-as-it-stands }
RZ-T103-next = Plug in the medium or check the network, and run the command again.

RZ-T104-what = The medium went away during the work.
RZ-T104-sent = { sent-as-it-stands }
RZ-T104-next = Plug it in again and run the command again. The work goes on from where it was.

RZ-T105-what = The medium has too little room.
RZ-T105-sent = { sent-as-it-stands }
RZ-T105-next = Remove files that are not needed, or use another medium.

RZ-T106-what = The medium is write-protected.
RZ-T106-sent = { sent-as-it-stands }
RZ-T106-next = Release the write protection, or use another medium.

RZ-T107-what = The medium is not registered.
RZ-T107-sent = Nothing was written. The original file is untouched.
RZ-T107-next = Use a registered medium. For a new one, ask the person responsible to register it.

RZ-T108-what = Another medium took the place of the one in use.
RZ-T108-sent = { sent-as-it-stands }
RZ-T108-next = Put the first medium back and run the command again.

RZ-T109-what = The medium could not be read or written.
RZ-T109-sent = { sent-as-it-stands }
RZ-T109-next = Try again with another medium. { next-ask }

RZ-T110-what = Another program is using the file.
RZ-T110-sent = { sent-as-it-stands }
RZ-T110-next = Wait until virus scanners and the like have finished, and run the command again.

RZ-T111-what = It was read again, but perhaps from the memory of this computer and not from the medium itself.
RZ-T111-sent = The parcel is on the medium.
RZ-T111-next = The acknowledgement will prove that it arrived. Do not delete the original before.

RZ-T112-what = A watched folder or an inbox cannot be used.
RZ-T112-sent = Nothing of that folder was handed over this time. Everything else is not affected.
RZ-T112-next = Check that the folder exists, has room and can be written, and run the command again.

RZ-T113-what = A corrected file arrived. It stands at the usual place now, and the earlier one was moved to the folder 差替え前.
RZ-T113-sent = The corrected file is in the inbox.
RZ-T113-next = Claim with the file at the usual place. Do not send the one in 差替え前.

RZ-T114-what = The medium holds a parcel with the same id and other content.
RZ-T114-sent = { sent-as-it-stands }
RZ-T114-next = Keep this medium unused and tell the person responsible.

RZ-T115-what = The acknowledgement did not come back in time.
RZ-T115-sent = It was written to the medium. Whether it arrived is not known.
RZ-T115-next = Look on the claim terminal whether it is there. If the medium is lost, tell the person responsible.

RZ-T116-what = A file that was sent could not be put into the archive.
RZ-T116-sent = It arrived at the other station. The original file is untouched.
RZ-T116-next = Check room and rights of the archive folder. It is tried again next time.

RZ-T117-what = The medium or share does not answer.
RZ-T117-sent = { sent-as-it-stands }
RZ-T117-next = Check the connection and run the command again after a while.

RZ-T118-what = The original file vanished after it had been found.
RZ-T118-sent = { sent-as-it-stands }
RZ-T118-next = Check whether somebody moved it, and write it again if needed.

RZ-T119-what = The copy that is kept before sending could not be made in the data folder of this computer: there is no room, or the disk cannot be written.
RZ-T119-sent = This file has not been sent yet. The original is untouched.
RZ-T119-next = Make room on the disk of this computer. It is then sent by itself next time.

RZ-T120-what = A file that arrived at the other station cannot be removed from its folder here.
RZ-T120-sent = It arrived whole, and a copy is in the archive. The original still lies in its folder.
RZ-T120-next = It need not be sent again. Check the rights of the folder, or put the original away by hand. If originals shall always stay, set after_ack to keep in the configuration.

RZ-T121-what = The kept copy of an accepted file is damaged, and the original is no longer there.
RZ-T121-sent = This file has not been sent.
RZ-T121-next = Write the file again from the receipt computer. The disk may be failing. { next-ask }

## P parcels that arrived
RZ-P101-what = The header of the parcel is damaged.
RZ-P101-sent = { sent-not-delivered }
RZ-P101-next = Send it again from the other station. If it happens again, use another medium.

RZ-P102-what = A newer rezept made this parcel. This version cannot read it.
RZ-P102-sent = { sent-not-delivered }
RZ-P102-next = Update rezept on this station, then receive again.

RZ-P103-what = The header stands in a place where it cannot belong.
RZ-P103-sent = { sent-not-delivered }
RZ-P103-next = Do not move files on the medium by hand. Send it again from the other station.

RZ-P104-what = The parcel is meant for another station.
RZ-P104-sent = { sent-not-delivered }
RZ-P104-next = Check that it is the right medium, and the name of this station in the configuration.

RZ-P105-what = The parcel comes from an unknown station.
RZ-P105-sent = { sent-not-delivered }
RZ-P105-next = Find out where the medium came from. If the station is right, name it in a route of the configuration.

RZ-P106-what = The parcel belongs to another facility.
RZ-P106-sent = { sent-not-delivered }
RZ-P106-next = Check that it is the right medium, and tell the person responsible.

RZ-P107-what = The content of the parcel is damaged, incomplete, or holds something more.
RZ-P107-sent = { sent-not-delivered }
RZ-P107-next = Do not use the files in it. Send it again from the other station.

RZ-P108-what = A parcel with the same id arrived before with other content.
RZ-P108-sent = The one that was found later was not put into the inbox. What arrived before is not affected.
RZ-P108-next = Do not use the files in it. Keep the medium and tell the person responsible.

RZ-P109-what = No inbox of the configuration takes the kind of file that arrived.
RZ-P109-sent = { sent-not-delivered }
RZ-P109-next = Check accept of the inboxes in the configuration.

RZ-P110-what = The acknowledgement is damaged, or does not fit what was sent.
RZ-P110-sent = Whether it arrived is not known yet. The original file is untouched.
RZ-P110-next = Receive once more on the claim terminal.

RZ-P111-what = An acknowledgement came for a parcel that the journal does not know.
RZ-P111-sent = { sent-unchanged }
RZ-P111-next = Check whether an old journal was restored, and tell the person responsible.

RZ-P112-what = The history of the other station does not continue the one it showed before.
RZ-P112-sent = The handing over was not stopped.
RZ-P112-next = Run rezept audit verify on the other station and tell the person responsible.

RZ-P113-what = Something without a signature came from a station whose keys were compared. It may have been swapped.
RZ-P113-sent = { sent-not-delivered }
RZ-P113-next = Do not use the files in it. Send again from the other station; if this appears again, tell the person responsible.

RZ-P114-what = The signature of the parcel is not that of the station that was paired.
RZ-P114-sent = { sent-not-delivered }
RZ-P114-next = Do not use the files in it. Tell the person responsible. If the other machine was replaced, pair again (rezept pair).

RZ-P115-what = The parcel is sealed, and its sender is not paired with this station yet.
RZ-P115-sent = { sent-not-delivered }
RZ-P115-next = Run rezept pair export and rezept pair accept on both stations, then receive again.

RZ-P116-what = It came from a station whose pairing was taken back.
RZ-P116-sent = { sent-not-delivered }
RZ-P116-next = Do not use the files in it. If it was taken back by mistake, pair again (rezept pair).

RZ-P117-what = No key of this station opens the parcel.
RZ-P117-sent = { sent-not-delivered }
RZ-P117-next = Send again from the other station. If it cannot wait, the recovery key on paper opens it (rezept recover).

RZ-P118-what = A parcel that was made before this one has not arrived: a medium was lost, or two are in use.
RZ-P118-sent = What came this time was taken.
RZ-P118-next = Look for another medium. If one is lost, run rezept send --again on the other station.

RZ-P119-what = The other station used the same number twice. Its journal may have been set back to an older one.
RZ-P119-sent = What came this time was taken.
RZ-P119-next = Run rezept audit verify on the other station and tell the person responsible.

RZ-P120-what = The ciphertext of this parcel is no longer on this station, so it cannot be written once more as it was.
RZ-P120-sent = Nothing was handed over but what is on the medium it was written to before.
RZ-P120-next = If that medium cannot be found, give the parcel up (rezept held refuse) and send the files anew.

RZ-P121-what = The ciphertext kept on this station is not what was written. The disk may be failing.
RZ-P121-sent = { sent-as-it-stands }
RZ-P121-next = Send again. If it happens repeatedly, have the disk of this machine checked.

RZ-P122-what = The keys of this station are missing or cannot be opened.
RZ-P122-sent = { sent-as-it-stands }
RZ-P122-next = Run rezept doctor. If the keys are lost, pair with the other station again (rezept pair).

RZ-P123-what = The station it is for is not paired, or its pairing was taken back.
RZ-P123-sent = { sent-as-it-stands }
RZ-P123-next = Run rezept pair export and rezept pair accept on both stations, then send again.

RZ-P124-what = The parcel is signed and whole, and yet what is inside is not what a parcel holds.
RZ-P124-sent = { sent-not-delivered }
RZ-P124-next = Do not use the files in it. Update rezept on the other station and send again; if this appears again, tell the person responsible.

RZ-P125-what = A person at the other station refused this file.
RZ-P125-sent = It was not delivered there. The original is still in its folder.
RZ-P125-next = Ask at the other station why. To hand it over once more, use rezept held release with a reason; else rezept held refuse.

RZ-P126-what = This station acknowledged this parcel before, but its journal does not know it: it was restored from a backup, or there is a second station of this name.
RZ-P126-sent = Nothing was delivered. The files that arrived the first time may have been used already.
RZ-P126-next = Check whether the first files were claimed with. If so, use rezept held refuse; if not, rezept held release with a reason.

RZ-P127-what = The medium holds a parcel in the name of this station without its signature. Somebody else may have made it.
RZ-P127-sent = Nothing was stopped. It is no parcel of this station.
RZ-P127-next = Find out who used the medium. { next-ask }

RZ-P128-what = An acknowledgement came for a parcel that was cancelled.
RZ-P128-sent = The files of the cancelled parcel arrived at the other station after all.
RZ-P128-next = If the same claims were sent again, take one of the two out at the other station, so that nothing is claimed twice.

RZ-P129-what = This parcel cannot be cancelled any more.
RZ-P129-sent = Nothing was changed.
RZ-P129-next = If it arrived, deal with it at the other station. rezept status shows where it stands.

## M registered media
RZ-M101-what = This medium is registered elsewhere, but not at this station.
RZ-M101-sent = Nothing was written to it. The original file is untouched.
RZ-M101-next = If it is yours, register it here as well with rezept media register. If not, take it out and ask whose it is.

RZ-M102-what = The id of this medium cannot be read.
RZ-M102-sent = Nothing was written to it. The original file is untouched.
RZ-M102-next = Use another registered medium. To go on with this one, delete the file REZEPT/medium.id on it and register it anew.

RZ-M103-what = This medium was reported lost.
RZ-M103-sent = Nothing was written to it. The original file is untouched.
RZ-M103-next = Tell the person responsible for information where it was found. If it may be used again, enter rezept media return and its id.

RZ-M104-what = This medium is retired.
RZ-M104-sent = Nothing was written to it. The original file is untouched.
RZ-M104-next = Use another registered medium.

RZ-M105-what = This medium has the id of a registered one, but is another device. It may be a copy.
RZ-M105-sent = Nothing was written to it. The original file is untouched.
RZ-M105-next = Use the registered medium, and tell the person responsible for information where this one comes from.

RZ-M106-what = This medium was taken out and should be back by now.
RZ-M106-sent = { sent-unchanged }
RZ-M106-next = When it is back in its place, enter rezept media return and its id.

RZ-M107-what = A program lies on the medium.
RZ-M107-sent = rezept did not start or change it. The parcels are handled as always.
RZ-M107-next = Do not start it. Ask who put it there, have the medium checked for malware, and delete it. If it belongs there, release it with a reason.

RZ-M108-what = A link lies on the medium.
RZ-M108-sent = rezept did not follow it. The parcels are handled as always.
RZ-M108-next = Do not open it. Ask who put it there, and delete it. If it belongs there, release it with a reason.

RZ-M109-what = A file that starts programs by itself (autorun.inf) lies on the medium.
RZ-M109-sent = rezept did not open or change it. The parcels are handled as always.
RZ-M109-next = Take the medium out, have it checked for malware, and delete the file. If it belongs there, release it with a reason.

RZ-M110-what = So many files lie on the medium that not all of them were looked at.
RZ-M110-sent = rezept did not change them. The parcels are handled as always.
RZ-M110-next = Use a medium for rezept only.

RZ-M111-what = No registered medium has this id, or more than one begins with it.
RZ-M111-sent = { sent-unchanged }
RZ-M111-next = Look it up with rezept media list, and enter the number (M1) or more of the id.

RZ-M112-what = This medium is registered already, under another name, owner or class.
RZ-M112-sent = { sent-unchanged }
RZ-M112-next = Look at it with rezept media show. To register it anew, retire it, format it, and register it then.

RZ-M113-what = This cannot be done with the medium now.
RZ-M113-sent = { sent-unchanged }
RZ-M113-next = Look at where it is with rezept media show.

RZ-M114-what = The day on which the medium is to be back is no day to come.
RZ-M114-sent = { sent-unchanged }
RZ-M114-next = Give a day of the calendar, today or later, as YYYY-MM-DD.

RZ-M115-what = Claims that anybody can read were on the lost medium.
RZ-M115-sent = The list above says which. The original files are untouched.
RZ-M115-next = Tell the person responsible for information at once. A loss of patients' data must be reported to the Personal Information Protection Commission, first within 3 to 5 days.

RZ-M116-what = This folder is a share of the configuration. It counts as registered.
RZ-M116-sent = { sent-unchanged }
RZ-M116-next = Nothing needs to be done.

## R returns and resubmission
RZ-R101-what = The return file is empty.
RZ-R101-sent = { sent-not-imported }
RZ-R101-next = { next-download-again }

RZ-R102-what = This is a web page, not a return file. An error page, or one that asks to log in again, was probably saved.
RZ-R102-sent = { sent-not-imported }
RZ-R102-next = Log in to the online claim system again and download the file once more.

RZ-R103-what = This is a PDF, not a return file.
RZ-R103-sent = { sent-not-imported }
RZ-R103-next = { next-take-return }

RZ-R104-what = The character code is wrong: an editor saved the file anew as UTF-8 or UTF-16.
RZ-R104-sent = { sent-not-imported }
RZ-R104-next = A file saved by an editor cannot be used. Import the file as it was downloaded; if it is gone, download it again.

RZ-R105-what = A spreadsheet program such as Excel saved this file anew. Leading zeros may be lost, and search numbers turned into something like 1.2E+20.
RZ-R105-sent = { sent-not-imported }
RZ-R105-next = Download it again and import it as it is, without opening it with Excel or the like.

RZ-R106-what = The line ends of the file were changed on the way, probably by an editor or a program that carried it.
RZ-R106-sent = { sent-not-imported }
RZ-R106-next = Download it again and import it without opening or converting it.

RZ-R107-what = The header record (HI) is missing: the start of the file is lost.
RZ-R107-sent = { sent-not-imported }
RZ-R107-next = { next-download-again }

RZ-R108-what = The trailer record (HG) is not at the end: the file is cut off.
RZ-R108-sent = { sent-not-imported }
RZ-R108-next = Copy it again, or download it again from the online claim system.

RZ-R109-what = The volume marks of header and trailer do not fit: a volume is missing, or volumes were mixed up.
RZ-R109-sent = { sent-not-imported }
RZ-R109-next = Download all volumes again and import them as they are, without joining them.

RZ-R110-what = The return file belongs to another facility. The details show its code.
RZ-R110-sent = { sent-not-imported }
RZ-R110-next = Find out where it came from. If it is yours, correct facility in the configuration. If nobody knows, tell the person responsible for information.

RZ-R111-what = Payer body, processing month or facility cannot be read from the header record (HI).
RZ-R111-sent = { sent-not-imported }
RZ-R111-next = { next-download-again } { next-ask }

RZ-R112-what = This is a claim file, not a return file.
RZ-R112-sent = { sent-not-imported }
RZ-R112-next = { next-take-return } For claims corrected with the receipt computer, name it with --corrected of rezept resubmit.

RZ-R113-what = This is a notice, not a return file. It does not hold what a resubmission needs.
RZ-R113-sent = { sent-not-imported }
RZ-R113-next = { next-take-return }

RZ-R114-what = The file has history lines only. It is an insurer's file, not a return file.
RZ-R114-sent = { sent-not-imported }
RZ-R114-next = { next-take-return }

RZ-R115-what = The ZIP file holds another ZIP file that cannot be opened.
RZ-R115-sent = { sent-not-imported }
RZ-R115-next = Take the inner ZIP file out, open it, and name the return file that is in it.

RZ-R116-what = This is no return file. What it is cannot be told.
RZ-R116-sent = { sent-not-imported }
RZ-R116-next = { next-take-return }

RZ-R117-what = No claim in the file has a return reason (HR).
RZ-R117-sent = { sent-not-imported }
RZ-R117-next = { next-download-again } If it is the same, ask the review body.

RZ-R201-what = The return kept at this station is not what was imported. The disk may be damaged, or somebody may have changed it.
RZ-R201-sent = The return was not used. Nothing new was sent.
RZ-R201-next = Import the original return file again; if it is gone, download it again. Do not delete the data folder, and tell this code to the person in charge or the vendor.

RZ-R202-what = Another content for the same payer body, processing month and kind of return file was imported before.
RZ-R202-sent = What was imported before is unchanged. This file was not imported; it is held.
RZ-R202-next = Find out which one is right and decide, with a reason: rezept held release imports this file, rezept held refuse leaves it out. Its id is in rezept held list.

RZ-R203-what = Somebody decided before that this return file does not count.
RZ-R203-sent = { sent-not-imported }
RZ-R203-next = If the decision stands, nothing need be done. If not, tell the id in the details to whoever decided or to the person responsible.

RZ-R204-what = The ZIP file cannot be looked into: it is damaged, encrypted or too large.
RZ-R204-sent = Files in this ZIP file were not imported. The original file is untouched.
RZ-R204-next = Take the files out of it and name the return files. If that fails, download it again.

RZ-R205-what = No return of this payer body waits to be resubmitted.
RZ-R205-sent = { sent-no-resubmission }
RZ-R205-next = See the states of the returns with rezept returns list. If one that should be there is missing, import it with rezept import-returns.

RZ-R206-what = This return has not been corrected yet.
RZ-R206-sent = { sent-no-resubmission }
RZ-R206-next = Correct it with rezept returns edit, or name the file corrected with the receipt computer with --corrected. If it is to go unchanged, say so with --as-is and --reason.

RZ-R207-what = The returned claim has the faults in the details, and cannot be resubmitted.
RZ-R207-sent = { sent-no-resubmission }
RZ-R207-next = Ask the review body whether to bill it anew from the receipt computer. If so, send it as a new claim, not as a resubmission.

RZ-R208-what = This search number is in a resubmission file already.
RZ-R208-sent = No new resubmission file was made. The earlier one is unchanged.
RZ-R208-next = Sent twice, it would be a double claim. Look at the file whose id is in the details first. Only if it must be, use --force and give a --reason.

RZ-R209-what = The returns that were named belong to more than one payer body or kind of file.
RZ-R209-sent = { sent-no-resubmission }
RZ-R209-next = Name only those of one payer body and one kind, and make a resubmission file for each.

RZ-R210-what = The review body would refuse this resubmission file.
RZ-R210-sent = { sent-no-resubmission }
RZ-R210-next = See the id of the check in the details and the line shown. Correct it with rezept returns edit or the receipt computer, and make the file again. { next-ask }

RZ-R211-what = A file of this name is there already. It is not overwritten.
RZ-R211-sent = No new resubmission file was made. The file that was there is untouched.
RZ-R211-next = Check whether the file that is there is still needed. To keep both, name another folder with --out.

RZ-R212-what = The return cannot be corrected in this way. The details show which correction it is, and why.
RZ-R212-sent = The return was not changed. Nothing was sent.
RZ-R212-next = Mend the correction as the details say, and run the command again. See rezept returns edit --help for how to write it.

RZ-R213-what = This cannot be done in the present state.
RZ-R213-sent = No return and no resubmission file was changed. This command sent nothing.
RZ-R213-next = Check the state in the details. rezept returns list shows the states of the returns.

RZ-R214-what = The file of corrected claims cannot be used: it is cut off, or its payer body, facility or kind is not that of the returns.
RZ-R214-sent = { sent-no-resubmission }
RZ-R214-next = See the details and check that it is the right file. If needed, make it again with the receipt computer.

RZ-R215-what = The file of corrected claims has no claim that is certain to belong to this return.
RZ-R215-sent = { sent-no-resubmission }
RZ-R215-next = Check and correct the chart number and the service month in the receipt computer. If the details show numbers, look at those claims too. To go on, name only the returns that are certain.

RZ-R216-what = The configuration of this station has no route for claim files.
RZ-R216-sent = { sent-no-resubmission }
RZ-R216-next = Name a folder with --out, or add a route for claim files to the configuration.

RZ-R217-what = No resubmission file can be made from this return.
RZ-R217-sent = { sent-no-resubmission }
RZ-R217-next = See the reason in the details. Correct what can be corrected with rezept returns edit or the receipt computer, and make the file again. { next-ask }

RZ-R218-what = The same claim was returned once more later.
RZ-R218-sent = { sent-no-resubmission }
RZ-R218-next = Correct the newer return whose id is in the details, not this one. rezept returns show displays it.

RZ-R219-what = A payer body, month, state or the like is not written correctly.
RZ-R219-sent = { sent-nothing }
RZ-R219-next = The payer body is 1 (social insurance) or 2 (national health insurance), a month is written like 2025-01. See rezept returns --help for the words it takes.

## J journal
RZ-J101-what = A newer rezept made the journal.
RZ-J101-sent = { sent-nothing }
RZ-J101-next = Update rezept. The journal was not changed.

RZ-J102-what = The journal is damaged.
RZ-J102-sent = Nothing new is sent until it is mended. The original files are untouched.
RZ-J102-next = Do not delete the data folder. Tell this code to the person in charge or the vendor.

RZ-J103-what = The journal that was here is gone or was replaced.
RZ-J103-sent = Nothing new is sent until it is back. The original files are untouched.
RZ-J103-next = Restore the journal from a backup. It is not made anew by itself, to prevent double claims.

RZ-J104-what = The journal is older than the last thing this station sent.
RZ-J104-sent = Nothing new is sent until this is settled. The original files are untouched.
RZ-J104-next = Look for a newer backup. { next-ask }

RZ-J105-what = The medium holds a parcel of this station that the journal does not know. The journal may be old.
RZ-J105-sent = The parcel on the medium was sent before. Nothing new was sent to that station.
RZ-J105-next = Check whether the journal was restored from a backup. { next-ask }

RZ-J106-what = The data folder lies on a disk that is not safe for the journal.
RZ-J106-sent = { sent-nothing }
RZ-J106-next = Set data in the configuration to a folder on the internal disk of this computer.

RZ-J107-what = Another rezept is working.
RZ-J107-sent = This command sent nothing.
RZ-J107-next = Wait until the other one has finished, and run the command again.

RZ-J108-what = Another program is using the journal.
RZ-J108-sent = This command sent nothing.
RZ-J108-next = Wait until backups and the like have finished, and run the command again.

RZ-J109-what = The disk of the journal is full.
RZ-J109-sent = This command sent nothing. The original file is untouched.
RZ-J109-next = Make room on the disk and run the command again.

RZ-J110-what = The data folder cannot be read or written.
RZ-J110-sent = This command sent nothing. The original file is untouched.
RZ-J110-next = Check that the folder exists and that you have the rights. { next-ask }

RZ-J111-what = The chain of records is broken: a record was changed or removed.
RZ-J111-sent = The files that were sent have not changed.
RZ-J111-next = Leave the data folder as it is and tell the person responsible for information.

RZ-J112-what = The kind of disk of the data folder is not known. It may not suit the journal.
RZ-J112-sent = { sent-unchanged }
RZ-J112-next = If possible, use the internal disk of this computer.

RZ-J113-what = The journal could not be read or written.
RZ-J113-sent = This command sent nothing. The original file is untouched.
RZ-J113-next = Run the command again. { next-ask }

## S Asking the running service
RZ-S101-what = Nobody waited for this request any more, so it was not carried out.
RZ-S101-sent = { sent-unchanged }
RZ-S101-next = If it is still wanted, run the command again.

RZ-S102-what = The request was withdrawn. The service had not begun with it.
RZ-S102-sent = { sent-unchanged }
RZ-S102-next = If it is still wanted, run the command again.

RZ-S103-what = The service has begun already, so the request cannot be withdrawn.
RZ-S103-sent = What was asked for goes on.
RZ-S103-next = See what came of it with rezept status.

RZ-S104-what = The work was told to stop before it was done.
RZ-S104-sent = The original files are untouched. What was under way goes on from the journal with the next run.
RZ-S104-next = Run the command again.

## W Folders of this computer
RZ-W101-what = A folder of this computer cannot be written. The medium is not the cause.
RZ-W101-sent = Nothing that arrived is lost. It is put into the folder as soon as that can be written.
RZ-W101-next = Check the rights of the folder. The medium can be used as it is. { next-ask }

RZ-W102-what = The disk of a folder of this computer is full. The medium is not the cause.
RZ-W102-sent = Nothing that arrived is lost. It is put into the folder as soon as there is room.
RZ-W102-next = Make room on the disk. The medium can be used as it is.

RZ-W103-what = A folder of this computer is not there. The medium is not the cause.
RZ-W103-sent = Nothing that arrived is lost. It is put into the folder as soon as that is back.
RZ-W103-next = Check that the folder exists and that its share is connected. { next-ask }

RZ-W104-what = A folder inside a watched folder cannot be opened. What lies in it is not seen.
RZ-W104-sent = Files in it were not sent. Other files can be sent.
RZ-W104-next = If claim files are put there, give the right to read it. If not, watch a folder of its own instead.

RZ-W105-what = A file or folder in a watched folder has a name that cannot be carried.
RZ-W105-sent = { sent-not-this }
RZ-W105-next = If it is a claim file, give it another name, without a colon, a backslash, a line break or unreadable characters.

RZ-W106-what = Folders inside a watched folder lie too deep. What lies below is not seen.
RZ-W106-sent = Files below were not sent. Other files can be sent.
RZ-W106-next = If claim files lie there, move them to a folder further up.

## X faults of the program
RZ-X901-what = rezept has a fault and stopped.
RZ-X901-sent = The original files are untouched. Unfinished work goes on from the journal next time.
RZ-X901-next = Run the command again. If it happens again, report this code and the place shown to the developers.

RZ-X902-what = Something happened inside rezept that cannot happen.
RZ-X902-sent = The original files are untouched. Unfinished work goes on from the journal next time.
RZ-X902-next = Report this code and the detail shown to the developers.
