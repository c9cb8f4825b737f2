# 端末の鍵とペアリング (pair、recovery、init の鍵)

pair-exported = この端末の名刺 (公開鍵) を書きました: { $path }
pair-export-next = 媒体を相手の端末へ運び、相手の端末でも rezept pair export を行ってから、両方で rezept pair accept を実行してください。名刺に秘密は入っていません。
pair-label-peer = 相手の端末
pair-label-code = 確認番号
pair-label-key = 相手の鍵
pair-question = 相手の端末 { $peer } の画面にも、同じ確認番号が出ていますか。[y/N]
pair-accepted = { $peer } を登録しました。これからは暗号化して送り、署名のないものは受け取りません。
pair-took-recovery = 医療機関の復旧用の鍵を、相手の端末から引き継ぎました。
pair-changed = 注意: { $peer } の鍵が、登録したときと変わっています。入れ替えた覚えがないときは、登録せずに責任者へ知らせてください。
pair-was-revoked = 注意: { $peer } は、前に登録を取り消した端末です。
pair-same = { $peer } は、この鍵ですでに登録されています。
pair-revoked = { $peer } の登録を取り消しました。もう一度登録するまで、送りも受け取りもしません。
pair-rotated = 受け取り用の鍵を新しくしました。次の受渡しで相手に伝わります。
pair-none = 登録した端末はありません。
pair-own = この端末
pair-opening = 受け取り用の鍵 { $day } から
pair-state-paired = 登録済み
pair-state-revoked = 取り消し
pair-no-recovery = 復旧用の鍵がありません。rezept recovery sheet で作れます。

recovery-made = 復旧用の鍵の紙を作りました: { $path }
recovery-next = いますぐ印刷して鍵のかかる場所に保管し、印刷できたら rezept recovery printed を実行してください。この紙がないと、端末が壊れたときに運んだデータを開けません。
recovery-removed = 印刷用のファイルを消しました: { $path } (ディスクから跡形なく消えたことは保証できません。)
recovery-no-file = 印刷用のファイルはありません: { $path }

sheet-title = 医療機関の復旧用の鍵
sheet-what = この鍵があれば、端末が壊れても、rezept が暗号化して運んだものをすべて開けます。鍵を持つ人は患者の情報を読めます。通帳や印鑑と同じように扱ってください。
sheet-print = この紙を 1 枚だけ印刷し、文字と QR コードが読めることを確かめてください。
sheet-lock = 封筒に入れて、鍵のかかる場所に保管してください。写真に撮ったり、メールで送ったりしないでください。
sheet-delete = 印刷できたら rezept recovery printed を実行して、印刷用のファイルを消してください。この鍵は、この紙のほかには残りません。
sheet-use = 使うときは、予備のパソコンで rezept recover を実行し、上の文字を入力します。空白と改行は入れても入れなくてもかまいません。

## K 鍵とペアリング
RZ-K101-what = この端末の鍵がなくなっています。
RZ-K101-sent = { sent-nothing }
RZ-K101-next = データフォルダを戻せるなら戻してください。戻せないときは rezept pair export --new-keys --reason で鍵を作り直し、相手の端末と登録し直してください。

RZ-K102-what = この端末の鍵を開けません。別のパソコンの鍵か、壊れた鍵です。
RZ-K102-sent = { sent-nothing }
RZ-K102-next = 鍵は作ったパソコンでしか使えません。パソコンを替えたときは rezept pair export --new-keys --reason で作り直し、登録し直してください。届いていたものは復旧用の紙で開けます。

RZ-K103-what = この端末の鍵のファイルが壊れています。
RZ-K103-sent = { sent-nothing }
RZ-K103-next = rezept pair export --new-keys --reason で鍵を作り直し、相手の端末と登録し直してください。届いていたものは復旧用の紙で開けます。

RZ-K104-what = OS の鍵の保管場所が使えません。
RZ-K104-sent = { sent-nothing }
RZ-K104-next = 鍵を作った利用者でログインしているか確かめてください。まだ鍵がないときは、設定の [keys] store を "machine" にしても使えます。

RZ-K105-what = 鍵のフォルダを読み書きできません。
RZ-K105-sent = { sent-nothing }
RZ-K105-next = データフォルダの中の keys を、この利用者が読み書きできるようにしてください。{ next-ask }

RZ-K106-what = この媒体に、相手の端末の名刺がありません。
RZ-K106-sent = 何も登録していません。
RZ-K106-next = 相手の端末で rezept pair export --to 媒体 を行い、その媒体を挿してもう一度実行してください。

RZ-K107-what = 相手の端末の名刺が壊れているか、書き換えられています。
RZ-K107-sent = 何も登録していません。
RZ-K107-next = 媒体の名刺を使わず、相手の端末で rezept pair export をやり直してください。続くときは責任者に知らせてください。

RZ-K108-what = 相手の端末の rezept が、この端末より新しい版です。
RZ-K108-sent = 何も登録していません。
RZ-K108-next = この端末の rezept を新しくしてから、もう一度実行してください。

RZ-K109-what = 設定にない端末の名刺です。
RZ-K109-sent = 何も登録していません。
RZ-K109-next = 設定の to に書いた端末の名前と、相手の端末の名前を確かめてください。覚えのない名刺なら責任者に知らせてください。

RZ-K110-what = 同じ名前の端末の名刺が、媒体にいくつもあります。
RZ-K110-sent = 何も登録していません。
RZ-K110-next = どれが本物か分からないので使えません。「詳細」のファイルを消し、相手の端末で rezept pair export をやり直してください。

RZ-K111-what = いくつもの端末の名刺が媒体にあります。
RZ-K111-sent = 何も登録していません。
RZ-K111-next = 登録する端末を --peer で指定してください。

RZ-K112-what = 確認番号を、まだ誰も見比べていません。
RZ-K112-sent = 何も登録していません。
RZ-K112-next = 相手の画面の番号とこの番号が同じなら、相手の画面を見て rezept pair accept --code に番号を付けて実行してください。違うときは登録しないでください。

RZ-K113-what = 確認番号が相手の画面と違います。名刺がすり替えられたかもしれません。
RZ-K113-sent = 何も登録していません。
RZ-K113-next = 番号を読み直してください。それでも違うときは、媒体の名刺を使わずに両方で rezept pair export からやり直し、責任者に知らせてください。

RZ-K114-what = その端末は登録されていません。
RZ-K114-sent = { sent-unchanged }
RZ-K114-next = rezept pair list で端末の名前を確かめてください。

RZ-K115-what = 確認番号を計算するメモリーが足りません。
RZ-K115-sent = 何も登録していません。
RZ-K115-next = 使っていないプログラムを閉じて、もう一度実行してください。

RZ-K116-what = 復旧用の鍵は、もう作ってあります。
RZ-K116-sent = { sent-unchanged }
RZ-K116-next = 紙をなくしたときは --replace を付けて作り直し、相手の端末と登録し直してください。古い紙は、古いものを開けるために残してください。

RZ-K117-what = 鍵がこのパソコンに結び付いていません。パソコンの番号が分からないためです。
RZ-K117-sent = { sent-unchanged }
RZ-K117-next = データフォルダを写した人は鍵を使えます。データフォルダを他の人に渡さないでください。

RZ-K118-what = 復旧用の鍵の印刷用のファイルが、まだ残っています。
RZ-K118-sent = { sent-unchanged }
RZ-K118-next = 印刷して鍵のかかる場所に保管し、rezept recovery printed を実行してください。

recover-ask-key = 紙の復旧用の鍵 (AGE-SECRET-KEY-1…) を入力してください (画面には出ません):
recover-done = { $n } 個のファイルを取り出しました。台帳には記録されず、送った端末に受領は返りません。

RZ-K119-what = ここに、暗号化された受渡パッケージはありません。
RZ-K119-sent = 何も取り出していません。
RZ-K119-next = 媒体の REZEPT フォルダの中の、名前が .hdr で終わるファイルを指定してください。暗号化されていないものは、そのまま読めます。

RZ-K120-what = 鍵として読めません。
RZ-K120-sent = 何も取り出していません。
RZ-K120-next = 紙の AGE-SECRET-KEY-1 から始まる文字を、終わりまで打ち直してください。空白や改行は入っていてもかまいません。

RZ-K121-what = 指定した端末の署名ではありません。
RZ-K121-sent = 何も取り出していません。
RZ-K121-next = 送った端末の rezept pair list で鍵を確かめてください。それでも合わないものは使わず、責任者に知らせてください。

RZ-K122-what = この鍵では開けません。
RZ-K122-sent = 何も取り出していません。
RZ-K122-next = 別の紙がないか確かめてください。鍵を作り直す前に送られたものは、前の紙で開きます。

RZ-K123-what = 受渡パッケージが壊れているか、欠けています。
RZ-K123-sent = 何も取り出していません。
RZ-K123-next = 媒体の別の写しがあれば、それを指定してください。なければ送った端末で送り直してください。

RZ-K124-what = 同じ名前のファイルがもうあります。
RZ-K124-sent = 何も取り出していません。そのファイルもそのままです。
RZ-K124-next = --out に空のフォルダを指定してください。

RZ-K125-what = 誰が送ったものかは確かめていません。
RZ-K125-sent = { sent-unchanged }
RZ-K125-next = 提出に使うときは、--public-key に送った端末の鍵を付けてもう一度取り出し、中身を確かめてください。

RZ-K126-what = 取り出したファイルを書けません。
RZ-K126-sent = { sent-unchanged }
RZ-K126-next = --out のフォルダに書けるか、空きがあるかを確かめて、もう一度実行してください。

RZ-K127-what = 相手の端末とペアリング (鍵の照合) をしていないため、媒体のファイルは、媒体を拾った人にも読める形で置かれます。
RZ-K127-sent = 受渡しは、このままでもできます。
RZ-K127-next = rezept pair export と rezept pair accept で鍵を照合してください。照合した後は、暗号化して置きます。
