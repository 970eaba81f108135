"""A mail server for tests: aiosmtpd with faults. Run as `smtp.py FOLDER PORT`.

Each mail becomes a JSON file in FOLDER. The file FOLDER/fault, while it is there, names what goes wrong: a status such as 450 or 550
for the recipient, `cut` for a connection that is cut when the mail is taken, `hold` for an answer that does not come.
"""
import asyncio
import email
import email.policy
import json
import os
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

folder, port = sys.argv[1], int(sys.argv[2])
taken = 0


def fault():
    try:
        with open(os.path.join(folder, "fault")) as file:
            return file.read()
    except FileNotFoundError:
        return ""


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if fault().isdigit():
            return fault() + " as the test wants it"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        global taken
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = lambda kind: (part := message.get_body((kind,))) and part.get_content()
        mail = {
            "user": session.auth_data,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[name, str(value)] for name, value in message.items()],
            "text": body("plain"),
            "html": body("html"),
        }
        path = os.path.join(folder, "%04d" % taken)
        taken += 1
        with open(path, "w") as file:
            json.dump(mail, file)
        os.rename(path, path + ".json")
        while fault() == "hold":
            await asyncio.sleep(0.01)
        if fault() == "cut":
            server.transport.abort()
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"ann", b"a/secret")
    return AuthResult(success=right, handled=False, auth_data="ann")


async def main():
    make = lambda: SMTP(
        Handler(), hostname="mail.test", authenticator=authenticate, auth_required=True, auth_require_tls=False
    )
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", port)
    await server.serve_forever()


asyncio.run(main())
