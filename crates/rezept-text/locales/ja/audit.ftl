# 記録 (rezept audit)

audit-sound = 記録 { $n } 件を確かめました。書き換えはありません。
audit-elsewhere = ほかの端末に示した { $n } か所も、すべて同じです。
audit-broken-at = 記録 #{ $entry }: 書き換えられたか、消されたか、差し込まれています。
audit-unmet-missing = 記録 #{ $entry }: ここにはありません。最後の記録は #{ $last } です（{ $who }）。
audit-unmet-other = 記録 #{ $entry }: ここにある記録と違います（{ $who }）。
audit-astray = { $row }: 今の状態が記録と合いません。
audit-given-to = { $peer } に示した記録
audit-held-by = { $peer } が持っている記録
audit-in-header = 送った受渡パッケージの中の記録
audit-more = ほかに { $n } 件あります。すべては --json で見られます。

## A 記録とその確かめ
RZ-A101-what = この端末の記録の続きを、相手の端末が持っています。ここの台帳が古いものに戻されたか、終わりが消されています。
RZ-A101-sent = 受渡しは止めていません。
RZ-A101-next = rezept audit verify で確かめ、台帳を戻した人や機器を替えた人がいないか聞いて、情報管理の責任者に知らせてください。

RZ-A102-what = この端末の記録が、相手の端末の持つものと違います。ここの台帳が書き換えられたか、古いものに戻されています。
RZ-A102-sent = 受渡しは止めていません。
RZ-A102-next = データのフォルダをそのまま残し、rezept audit verify の結果を情報管理の責任者に見せてください。
