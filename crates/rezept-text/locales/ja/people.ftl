# 操作する人 (operator、--operator) と承認

operator-ask-name = 操作する人の名前:
operator-ask-pin = { $name } のパスワード:
operator-ask-new-pin = { $name } の新しいパスワード (8 文字以上):
operator-ask-again = もう一度、同じパスワード:
operator-none = 操作する人は登録されていません。
operator-retired = 登録終了 { $day }
role-system-admin = システム管理者
role-information-manager = 情報管理責任者
role-operations-manager = 運用責任者
role-user = 利用者

## O 操作する人
RZ-O101-what = 操作する人の名前またはパスワードが指定されていません。
RZ-O101-sent = この操作では何も送っていません。
RZ-O101-next = --operator で名前を指定し、パスワードは画面で入力するか --pin-stdin で渡してください。

RZ-O102-what = 名前またはパスワードが違います。
RZ-O102-sent = この操作では何も送っていません。間違えたことは記録しました。
RZ-O102-next = 確かめて、もう一度実行してください。分からないときはシステム管理者に伝えてください。

RZ-O103-what = パスワードの間違いが続いたため、この名前はしばらく使えません。
RZ-O103-sent = この操作では何も送っていません。
RZ-O103-next = 5 分待ってから実行してください。覚えがないときは情報管理の責任者に知らせてください。

RZ-O104-what = この操作に必要な役割を持っていません。
RZ-O104-sent = この操作では何も送っていません。
RZ-O104-next = 「詳細」の役割を持つ人に頼んでください。役割はシステム管理者が rezept operator roles で決めます。

RZ-O105-what = 上長の承認を待っています。
RZ-O105-sent = このファイルは送っていません。
RZ-O105-next = 送った人とは別の責任者が内容を確かめ、rezept held release で承認してください。

RZ-O106-what = 自分が送ったファイルは、自分では承認できません。
RZ-O106-sent = このファイルは送っていません。
RZ-O106-next = 別の責任者に承認を頼んでください。

RZ-O107-what = その名前は、もう使われています。
RZ-O107-sent = { sent-unchanged }
RZ-O107-next = 別の名前にしてください。登録を終えた人の名前も、記録を取り違えないために使えません。

RZ-O108-what = その名前の人は登録されていません。
RZ-O108-sent = { sent-unchanged }
RZ-O108-next = rezept operator list で名前を確かめてください。

RZ-O109-what = システム管理者が一人もいなくなります。
RZ-O109-sent = { sent-unchanged }
RZ-O109-next = 最初の人にはシステム管理者の役割を付け、やめるときは先に別の人に付けてください。

RZ-O110-what = 人の名前として使えません。
RZ-O110-sent = { sent-unchanged }
RZ-O110-next = 40 文字までで、空白や - で始まらない名前にしてください。service などの語も使えません。

RZ-O111-what = パスワードとして使えません。
RZ-O111-sent = { sent-unchanged }
RZ-O111-next = 8 文字以上にし、名前と同じにせず、二回同じものを入力してください。

RZ-O112-what = 承認が必要な設定ですが、承認できる人が登録されていません。
RZ-O112-sent = 承認を待つファイルは送りません。元のファイルはそのままです。
RZ-O112-next = rezept operator add で責任者を登録するか、設定の approval を外してください。
