# People (operator, --operator) and approval

operator-ask-name = Name of the operator:
operator-ask-pin = Password of { $name }:
operator-ask-new-pin = New password of { $name } (at least 8 characters):
operator-ask-again = The same password again:
operator-none = No operators are registered.
operator-retired = retired { $day }
role-system-admin = system administrator
role-information-manager = information manager
role-operations-manager = operations manager
role-user = user

## O people
RZ-O101-what = The operator's name or password is missing.
RZ-O101-sent = Nothing was sent by this command.
RZ-O101-next = Name the operator with --operator, and type the password on the screen or pass it with --pin-stdin.

RZ-O102-what = The name or the password is wrong.
RZ-O102-sent = Nothing was sent by this command. The attempt was recorded.
RZ-O102-next = Check them and try again. If you do not know them, tell the system administrator.

RZ-O103-what = After several wrong passwords this name cannot be used for a while.
RZ-O103-sent = Nothing was sent by this command.
RZ-O103-next = Wait 5 minutes and try again. If it was not you, tell the information manager.

RZ-O104-what = You do not have the role that this needs.
RZ-O104-sent = Nothing was sent by this command.
RZ-O104-next = Ask a person with one of the roles in the details. The system administrator sets roles with rezept operator roles.

RZ-O105-what = It waits for the approval of a superior.
RZ-O105-sent = This file was not sent.
RZ-O105-next = A responsible person other than the one who sent it looks at it and approves it with rezept held release.

RZ-O106-what = You cannot approve a file that you sent yourself.
RZ-O106-sent = This file was not sent.
RZ-O106-next = Ask another responsible person to approve it.

RZ-O107-what = That name is taken.
RZ-O107-sent = { sent-unchanged }
RZ-O107-next = Choose another name. Names of people who left stay taken, so that the records cannot be confused.

RZ-O108-what = Nobody of that name is registered.
RZ-O108-sent = { sent-unchanged }
RZ-O108-next = Look at the names with rezept operator list.

RZ-O109-what = There would be no system administrator.
RZ-O109-sent = { sent-unchanged }
RZ-O109-next = Give the first person the role system-admin, and give it to another one before the last one goes.

RZ-O110-what = That cannot be the name of a person.
RZ-O110-sent = { sent-unchanged }
RZ-O110-next = Use at most 40 characters, not beginning with a space or a hyphen, and no word such as service.

RZ-O111-what = That cannot be a password.
RZ-O111-sent = { sent-unchanged }
RZ-O111-next = Use at least 8 characters, not the name itself, and type the same twice.

RZ-O112-what = Approval is configured, but nobody is registered who could approve.
RZ-O112-sent = Files that wait for approval are not sent. The original files are unchanged.
RZ-O112-next = Register a responsible person with rezept operator add, or take approval out of the configuration.
