# 端末のコマンド (send、receive、status など)

state-SEEN = 発見 (書き込み中の可能性あり)
state-STABLE = 確認中
state-GATED = 送付待ち
state-IN_PARCEL = パッケージに入った
state-KEPT = 受渡済み (元の場所に残した)
state-HELD = 保留 (人の判断が必要)
state-CANCELLED = 取りやめ
state-GONE = 元の場所にない
state-SPOOLED = 書き出し前
state-WRITTEN = 媒体に書き込み済み
state-READ_BACK = 読み戻して確認済み
state-COMMITTED = 媒体にあり、受渡確認待ち
state-ACKNOWLEDGED = 受渡確認済み
state-ARCHIVED = 完了 (元のファイルは保管済み)
state-FOUND = 媒体で発見
state-AUTHENTIC = 宛先を確認済み (送り主は未証明)
state-COPIED = 写し取り済み
state-VALID = 内容を確認済み
state-DELIVERED = 届け済み (受渡確認はこれから)
state-ACK_WRITTEN = 届け済み、受渡確認も書き込み済み
state-QUARANTINED = 隔離 (壊れているか、疑わしい)
state-EXPIRED = 受渡確認が期限を過ぎても届かない

level-L0 = 読み戻し: まだ
level-L1 = 読み戻し: 一致 (キャッシュからの可能性あり) L1
level-L2 = 読み戻し: 媒体から読んで一致 L2
level-L3 = 読み戻し: 媒体を入れ直した状態で一致 L3
level-L4 = 相手の端末が受け取りを確認 L4

payer-shaho = 社保
payer-kokuho = 国保

transfer-heading = { $label } { $direction } { $peer }
transfer-out = →
transfer-in = ←

send-safe-to-remove = 媒体を取り外して、相手の端末へ運べます。
receive-nothing = この媒体に、この端末あての新しいものはありません。
status-unused = この端末はまだ使われていません。
status-transfers = 受渡 ({ $n } 件)
status-waiting = 送付前のファイル ({ $n } 件)
status-held = 人の判断を待つもの ({ $n } 件)
held-nothing = 人の判断を待つものはありません。
held-released = 許可しました。次の処理 (send、receive、または見張り) で先へ進みます。
held-refused = 取りやめました。ファイルや媒体の中身はそのままです。
held-cannot-release = この理由で止めたものは、許可しても運べません。直したファイルを置くか、rezept held refuse で取りやめてください。

gate-claim = 請求ファイル
gate-return = 返戻ファイル
gate-notice = 帳票CSV
gate-kind = 種類
gate-payer-body = 請求先
gate-facility = 医療機関等
gate-month = 年月
gate-family = 点数表
gate-official-name = 正式なファイル名
gate-no-header = 先頭のレコードがない
gate-no-trailer = 終わりのレコード (GO または HG) がない
gate-trailer-not-last = 終わりのレコードの後にレコードがある
gate-volume-mark = 分冊の番号が合わない
watch-started = { $name } の見張りを始めました。終わるには Ctrl+C を押してください。
watch-stopped = 見張りを終わりました。

init-done = 設定を作りました: { $path }
init-next = 次に rezept doctor で確かめ、rezept watch で見張りを始めてください。

doctor-version = 版
doctor-system = OS
doctor-station = 端末
doctor-facility = 医療機関等
doctor-data = データフォルダ
doctor-journal = 台帳
doctor-keys = 鍵
doctor-sheet = 復旧用の鍵
doctor-watch = 見張るフォルダ
doctor-inbox = 受け取りフォルダ
doctor-medium = 媒体
doctor-verdict-ok = ○
doctor-verdict-warning = △
doctor-verdict-error = ×

demo-folder = 見本のフォルダ: { $path }
demo-step-pair = 二台の端末を登録し合います。名刺を媒体で渡し、両方の画面の番号を人が見比べます。
demo-code = { $station } の画面の番号: { $code }
demo-paired = 番号が同じなので、互いに登録しました。ここから先、媒体に書くものはすべて暗号になり、署名が付きます。
demo-unreadable = 媒体の { $n } 個のファイルに、読めるレセプトは一行もありません。
demo-step-files = レセコンが、同じ名前の社保と国保の請求ファイルを作りました。
demo-step-write = レセコン側の rezept が暗号にして媒体に書き、読み戻して確かめます。
demo-step-receive = 請求用端末側の rezept が受け取り、社保と国保を別のフォルダに届け、受渡確認を書きます。
demo-step-ack = レセコン側の rezept が受渡確認を受け取り、媒体を片付け、元のファイルを保管します。
demo-step-return-file = 請求用端末で、返戻ファイルをダウンロードしました。
demo-step-return-write = 請求用端末側の rezept が暗号にして媒体に書き、読み戻して確かめます。
demo-step-return-receive = レセコン側の rezept が返戻ファイルを受け取ります。
demo-step-return-ack = 請求用端末側の rezept が受渡確認を受け取ります。
demo-step-worklist = 届いた返戻は、一覧に加わっています。
demo-step-edit = 一件目は、請求データを修正して再請求します。履歴は受け取ったままです。
demo-step-merge = 二件目は、レセコンで直して出力したレセプトに、検索番号と履歴を付けて再請求します。
demo-step-worklist-done = 再請求ファイルが請求用端末に届いたので、一覧も進みました。
demo-resubmitted = 再請求ファイルが請求用端末に届きました。
demo-step-audit = 両方の端末の記録を確かめます。
demo-archived = 元のファイルは保管され、媒体は片付きました。
demo-good = すべて一致しました。
demo-bad = 一致しないものがあります。上の記録を見てください。
