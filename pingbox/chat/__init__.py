"""The chat as an app like any other.

`declaration` says once what it consists of: functions with their variables and permissions, routes, tables, schedules.
`template` renders that as CloudFormation, which `pingbox deploy` sends; `app` reads the same template as the reader
reads anybody's, for `serve`, the test kit and the rehearsal. A further function, variable, route or table goes into
`declaration` (a variable's value into `template/functions.py`), and nowhere else.
"""
