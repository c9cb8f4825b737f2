# どのコマンドでも使う言葉

label-error = エラー
label-warning = 注意
label-place = 対象
label-what = 何が起きたか
label-sent = 送信の状況
label-next = 次にすること
label-detail = 詳細
label-separator = :

unit-bytes = { $n } バイト
progress-percent = 読み込み中 { $percent }%
hidden-value = (非表示)
