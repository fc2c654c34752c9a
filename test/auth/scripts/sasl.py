import sys

import pylibmc

host, port, user, password = sys.argv[1:]
client = pylibmc.Client([host + ":" + port], binary=True, username=user, password=password)
try:
    client["python"] = "value"
    print("stored, read " + client["python"])
except pylibmc.Error as error:
    print("refused" if "AUTHENTICATION FAILURE" in str(error).upper() else repr(error))
