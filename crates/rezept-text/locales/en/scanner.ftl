# Malware scanner ([scanner] in the configuration)

doctor-people = operators
doctor-scanner = malware scanner

## V malware scanner
RZ-V101-what = Malware was found.
RZ-V101-sent = This file was neither sent nor put into the inbox.
RZ-V101-next = Do not open the file; tell the information manager. Only that person and the system administrator can let it pass, with a reason.

RZ-V102-what = The malware scanner does not answer, so this was not scanned.
RZ-V102-sent = This file was neither sent nor put into the inbox.
RZ-V102-next = See whether the scanner is running. To let it pass unscanned, use rezept held release with a reason.

RZ-V103-what = The scanner's definitions are old, or of unknown age, so this was not scanned.
RZ-V103-sent = This file was neither sent nor put into the inbox.
RZ-V103-next = Bring the definitions up to date. To let it pass unscanned, use rezept held release with a reason.

RZ-V104-what = This file could not be scanned.
RZ-V104-sent = This file was neither sent nor put into the inbox.
RZ-V104-next = Look at the details, and at settings such as the scanner's size limit. To let it pass unscanned, use rezept held release with a reason.
