# SPDX-License-Identifier: Apache-2.0
"""An exporter with two places: while the password of one client is checked, that of another waits."""
from web_client import Answer, Client, check, credentials, passed, request

clients = [Client("127.0.1.1"), Client("127.0.1.2")]
for client, password in zip(clients, ("wrong", "secret")):
    client.socket.sendall(request("/-/healthy", credentials("alice", password)))
statuses = [Answer(client.file).status for client in clients]
check(statuses == [401, 200], f"a wrong and a right password at once got {statuses}")
passed("with two places, a password waits for the check of another")
