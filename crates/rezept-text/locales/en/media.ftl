# Registered media (media)

medium-state-here = in its place
medium-state-out = taken out
medium-state-lost = lost
medium-state-retired = retired
medium-class-genpi = strictly confidential
medium-class-hi = confidential
medium-class-kokai = public

media-none = No medium is registered.
media-registered = Registered. Put a label with its number (M1) on the medium. Where the other station uses it too, register it there as well.
media-parcels = { $n ->
    [one] { $n } parcel
   *[other] { $n } parcels
}
media-out = taken out by { $by } until { $due } ({ $purpose })
media-overdue = overdue: taken out by { $by } until { $due } ({ $purpose })
media-unknown = not known
media-id = Id of the medium
media-since = Registered
media-volume = Name of the volume
media-serial = Serial number
media-holds = On it: parcels { $parcels } (that anybody can read: { $readable }), files { $files }, claims { $claims }
media-holds-nothing = No parcel is on it.
media-held-readable = Of those that were on it before and were removed, { $n } could be read by anybody. With special tools they may perhaps be read again.
media-sealed = encrypted
media-readable = anybody can read it
media-claims = { $n ->
    [one] { $n } claim
   *[other] { $n } claims
}
media-lost-sealed = Everything on it is encrypted. Whoever finds it cannot read it.
media-lost-again = Some parcels did not reach the other station. Send them again on another medium with rezept send --again.
media-overdue-heading = Media that should be back ({ $n })

help-media-about = Deal with registered media (USB sticks)
help-media-register-about = Register a medium
help-media-register-path = Where the medium is (a drive or folder)
help-media-register-label = What it is called (written on its label)
help-media-register-owner = The person or section that answers for it
help-media-register-class = Class (genpi: strictly confidential, hi: confidential, kokai: public; genpi if left out)
help-media-list-about = List the registered media
help-media-show-about = Show a medium and what is on it
help-media-show-id = Number of the medium (M1), or the beginning of its id
help-media-take-out-about = Record that a medium is taken out
help-media-take-out-id = Number of the medium (M1), or the beginning of its id
help-media-take-out-due = The day on which it is to be back
help-media-take-out-purpose = What it is taken out for
help-media-return-about = Record that a medium is back, or was found
help-media-return-id = Number of the medium (M1), or the beginning of its id
help-media-lost-about = Record that a medium is lost, and show what was on it
help-media-lost-id = Number of the medium (M1), or the beginning of its id
help-media-lost-reason = When, where and how it was lost
help-media-retire-about = Record that a medium is not used any more
help-media-retire-id = Number of the medium (M1), or the beginning of its id
help-media-retire-reason = Why it is not used any more
