# Words that every command uses

label-error = error
label-warning = warning
label-place = where
label-what = what happened
label-sent = was anything sent
label-next = what to do next
label-detail = detail
label-separator = :

unit-bytes = { $n } { $n ->
    [one] byte
   *[other] bytes
}
progress-percent = reading { $percent }%
hidden-value = (hidden)
