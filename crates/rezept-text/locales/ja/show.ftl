# show コマンド

show-file = ファイル
show-kind = 種類
show-payer = 請求先
show-facility = 医療機関等
show-month = 年月
show-volume = 分冊
show-claims = レセプト
show-payers = 総件数
show-points = 総合計点数
show-yen = 総合計金額
show-whole = 完全性
show-size = 大きさ
show-hash = SHA-256
show-official-name = 正式なファイル名
show-records = レコード
show-findings = 指摘

show-kind-claim = 請求ファイル
show-kind-return = 返戻ファイル
show-kind-notice = 帳票CSV
show-family-ika = 医科
show-family-dpc = DPC
show-family-shika = 歯科
show-family-chozai = 調剤
show-family-houkan = 訪問看護
show-return-hen = 一次請求・再請求の返戻
show-return-sah = 再審査等返戻
show-notice-hasp = 受付・事務点検ASP結果
show-notice-fixf = 請求確定状況
show-notice-fmei = 振込額明細
show-notice-henr = 返戻内訳
show-notice-zogn = 増減点連絡書
show-notice-other = その他の帳票
show-payer-shaho = 1 社保 (社会保険診療報酬支払基金)
show-payer-kokuho = 2 国保 (国民健康保険団体連合会)

show-month-era = { $year }年{ $month }月 ({ $era }{ $era-year ->
    [1] 元
   *[other] { $era-year }
}年)
show-era-reiwa = 令和
show-era-heisei = 平成
show-era-showa = 昭和

show-count-claims = { $n } 件
show-count-points = { $n } 点
show-count-yen = { $n } 円
show-total-same = { $counted } (ファイルの合計と一致)
show-total-differs = { $counted } (ファイルの合計は { $declared } で、一致しません)
show-total-missing = { $counted } (ファイルに合計がありません)
show-total-volume = { $counted } (分冊のため、ファイルの合計とは比べません)
show-complete = 最後までそろっています。
show-incomplete = 途中で切れているか、足りないところがあります。
show-not-stated = (読み取れません)
show-no-findings = ありません。
show-finding-counts = 受付不能(ファイル) { $file }、受付不能(レセプト) { $claim }、要確認 { $confirm }、参考 { $info }
show-more-findings = このほかに同じ種類の指摘が { $n } 件あります。
show-count-plain = { $n }
