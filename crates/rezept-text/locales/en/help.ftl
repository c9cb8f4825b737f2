# Help. One imperative line each, without a full stop. Ids: help-<command>-about and help-<command>-<argument>.

help-about = Hand over claim files from the receipt computer to the claim terminal, with proof at every step
help-heading-usage = Usage
help-heading-commands = Commands
help-heading-arguments = Arguments
help-heading-options = Options
help-heading-global = Common options
help-value-options = OPTIONS
help-value-command = COMMAND

help-global-help = Show help
help-global-version = Show the version
help-global-config = Configuration file
help-global-lang = Language of messages (ja, en)
help-global-json = Print the result as JSON, one object per line
help-global-color = When to use colours (auto, always, never)
help-global-reveal = Show values that concern patients as well
help-global-quiet = Show only results and errors
help-global-verbose = Show more

help-show-about = Say what a file is and what it contains
help-show-file = File to look at
help-verify-about = Check that a parcel is complete and undamaged
help-verify-path = Folder of the parcel
