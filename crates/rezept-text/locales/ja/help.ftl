# 使い方。説明は一行で、句点を付けない。id は help-<コマンド>-about と help-<コマンド>-<引数>。

help-about = 請求ファイルをレセコンからオンライン請求用端末へ、確かめながら受け渡す
help-heading-usage = 使い方
help-heading-commands = コマンド
help-heading-arguments = 引数
help-heading-options = オプション
help-heading-global = 共通のオプション
help-value-options = オプション
help-value-command = コマンド

help-global-help = 使い方を表示する
help-global-version = 版を表示する
help-global-config = 設定ファイルの場所
help-global-lang = 表示の言語 (ja、en)
help-global-json = 結果を JSON で、一行に一つずつ出力する
help-global-color = 色を付けるか (auto、always、never)
help-global-reveal = 患者に関わる値も隠さずに表示する
help-global-quiet = 結果とエラーだけを表示する
help-global-verbose = 詳しく表示する

help-show-about = ファイルが何であるかを調べて表示する
help-show-file = 調べるファイル
help-verify-about = 受渡パッケージが完全で、壊れていないことを確かめる
help-verify-path = 受渡パッケージのフォルダ
