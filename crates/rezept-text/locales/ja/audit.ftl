# 記録 (rezept audit)

audit-sound = 記録 { $n } 件を確かめました。書き換えはありません。
audit-elsewhere = ほかの端末に示した { $n } か所も、すべて同じです。
audit-broken-at = 記録 #{ $entry }: 書き換えられたか、消されたか、差し込まれています。
audit-unmet-missing = 記録 #{ $entry }: ここにはありません。最後の記録は #{ $last } です（{ $who }）。
audit-unmet-other = 記録 #{ $entry }: ここにある記録と違います（{ $who }）。
audit-astray = { $row }: 今の内容または状態が、記録と合いません。
audit-given-to = { $peer } に示した記録
audit-held-by = { $peer } が持っている記録
audit-in-header = 送った受渡パッケージの中の記録
audit-more = ほかに { $n } 件あります。すべては --json で見られます。

audit-exported = 記録 { $n } 件を書き出しました: { $path }
audit-export-sound = 記録 { $n } 件はすべてつながっていて、書き換えはありません。
audit-export-compare = このハッシュが相手の端末や前の書き出しにあるものと同じなら、その端末の記録です。
audit-label-station = 端末
audit-label-facility = 医療機関等
audit-label-entries = 記録
audit-label-exported = 書き出した日時
audit-column-seq = 番号
audit-column-at = 日時 (UTC)
audit-column-actor = した人
audit-column-subject = 対象
audit-column-from = 前
audit-column-to = 後
audit-column-note = 備考
audit-column-sha256 = SHA-256

## A 記録とその確かめ
RZ-A101-what = この端末の記録の続きを、相手の端末が持っています。ここの台帳が古いものに戻されたか、終わりが消されています。
RZ-A101-sent = 受渡しは止めていません。
RZ-A101-next = rezept audit verify で確かめ、台帳を戻した人や機器を替えた人がいないか聞いて、情報管理の責任者に知らせてください。

RZ-A102-what = この端末の記録が、相手の端末の持つものと違います。ここの台帳が書き換えられたか、古いものに戻されています。
RZ-A102-sent = 受渡しは止めていません。
RZ-A102-next = データのフォルダをそのまま残し、rezept audit verify の結果を情報管理の責任者に見せてください。

RZ-A103-what = 書き出した記録のつながりが切れています。記録が書き換えられたか、抜けています。
RZ-A103-sent = { sent-nothing }
RZ-A103-next = Excel などで開いて保存したファイルなら、書き出したままのものを使ってください。そうでなければ、情報管理の責任者に知らせてください。

RZ-A104-what = 書き出した記録のファイルではないか、新しい版で書き出したものです。
RZ-A104-sent = { sent-nothing }
RZ-A104-next = rezept audit export で書き出したファイルを指定してください。新しい版のものなら、この端末の rezept を更新してください。

RZ-A105-what = その番号の記録はありません。最後の記録は { $value } 番です。
RZ-A105-sent = { sent-nothing }
RZ-A105-next = rezept ledger で番号を確かめて、もう一度実行してください。

RZ-A106-what = 記録を書き出せませんでした。同じ名前のファイルがあるときは上書きしません。
RZ-A106-sent = { sent-nothing }
RZ-A106-next = 別の名前か、書き込めるフォルダを指定してください。
