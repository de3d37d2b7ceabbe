# SPDX-License-Identifier: Apache-2.0
"""usage: web_users.py NAME:PASSWORD...

Print the basic_auth_users of a web configuration, with bcrypt at cost 10. Calls libcrypt directly, because
Python no longer has a module for it.
"""
import ctypes
import ctypes.util
import sys

libcrypt = ctypes.CDLL(ctypes.util.find_library("crypt"))
libcrypt.crypt_gensalt.restype = libcrypt.crypt.restype = ctypes.c_char_p

print("basic_auth_users:")
for argument in sys.argv[1:]:
    name, password = argument.split(":")
    salt = libcrypt.crypt_gensalt(b"$2b$", ctypes.c_ulong(10), None, 0)
    print(f"  {name}: {libcrypt.crypt(password.encode(), salt).decode()}")
