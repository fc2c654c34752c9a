import sys

import pylibmc

host, port, user, password = sys.argv[1:]
behaviors = {"connect_timeout": 60_000, "_poll_timeout": 60_000}
client = pylibmc.Client([host + ":" + port], binary=True, username=user, password=password, behaviors=behaviors)
try:
    client["python"] = "value"
    print("stored, read " + client["python"])
except pylibmc.Error as error:
    print("refused" if "AUTHENTICATION FAILURE" in str(error).upper() else repr(error))
