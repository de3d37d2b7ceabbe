# SPDX-License-Identifier: Apache-2.0
"""Paths, methods and headers; heads that are large, and heads that servers read in different ways."""
import contextlib

from web_client import Answer, Client, check, passed, request

LARGEST_HEAD = 16384
NO_CHUNKS = b"0\r\n\r\n"  # as a body, they end it
ON_ALL_ANSWERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def check_headers(answer, what):
    for name, value in ON_ALL_ANSWERS.items():
        check(answer.headers.get_all(name) == [value], f"{what}: {name}: {answer.headers.get_all(name)}")
    policy = answer.headers["Content-Security-Policy"]
    check(policy.startswith("default-src 'none'; style-src 'sha256-"), f"{what}: {policy}")
    check("; script-src 'sha256-" in policy and "; connect-src 'self'; " in policy, f"{what}: {policy}")


def paths_and_methods():
    client = Client()  # one connection for all

    def expect(status, text, method, path):
        answer = client.ask(path, method=method)
        what = f"{method} {path}: {answer.status} {answer.body[:80]}"
        check(answer.status == status and text in answer.body, what)
        check(int(answer.headers["Content-Length"]) > 0, what)
        check_headers(answer, what)
        return answer

    expect(200, b"sockdiag_tcp_sockets", "GET", "/metrics")
    expect(200, b"sockdiag_tcp_sockets", "GET", "/metrics?name=value")
    expect(200, b"sockdiag_tcp_sockets", "GET", "http://x/metrics")
    expect(200, b"<!DOCTYPE html>", "GET", "HTTPS://x:1/")
    expect(200, b"<!DOCTYPE html>", "GET", "http://x")
    expect(200, b"<!DOCTYPE html>", "GET", "/")
    expect(200, b"Healthy", "GET", "/-/healthy")
    expect(200, b"Ready", "GET", "/-/ready")
    expect(200, b"", "HEAD", "/metrics")
    expect(404, b"", "GET", "/nowhere")
    expect(404, b"", "GET", "/metrics/")
    expect(404, b"", "HEAD", "http://x/nowhere")
    for method in "POST", "PUT", "DELETE", "OPTIONS", "get":
        allowed = expect(405, b"", method, "/metrics").headers["Allow"]
        check(allowed == "GET, HEAD", f"{method}: allowed is {allowed}")
    client.close()
    passed("paths, methods, and headers that trust a browser with nothing")


def ask_alone(head):
    """The only answer to a head, after which the connection is closed, although another request follows."""
    client = Client()
    with contextlib.suppress(ConnectionError):  # the end may come before all is sent
        client.socket.sendall(head + NO_CHUNKS + request("/-/healthy"))
    answer = Answer(client.file)
    rest = client.rest()
    check(rest == b"", f"after {answer.status}, to {head[:80]}: {'no end' if rest is None else rest[:80]}")
    client.close()
    return answer


def cookies(count, size):
    return "Cookie: " + "; ".join(f"c{number:03}={'x' * size}" for number in range(count))


def head_of(size):
    return request("/", "X-Long: " + "x" * (size - len(request("/", "X-Long: "))))


def large_heads():
    parameters = "&".join(f"a{number}=b" for number in range(400))
    good = {
        "20 cookies of 250 bytes": request("/", cookies(20, 250)),
        "30 cookies of 250 bytes": request("/", cookies(30, 250)),
        "150 cookies of 24 bytes": request("/", cookies(150, 24)),
        "2 cookies of 4000 bytes": request("/", cookies(2, 4000)),
        "180 cookies of 80 bytes": request("/", cookies(180, 80)),
        "400 parameters": request(f"/metrics?{parameters}"),
        "200 fields": request("/", *(f"X-Field-{number}: {'x' * 60}" for number in range(200))),
        "the largest head": head_of(LARGEST_HEAD),
    }
    for name, head in good.items():
        check(len(head) <= LARGEST_HEAD, f"{name}: {len(head)} bytes")
        client = Client()
        client.socket.sendall(head)
        answer = Answer(client.file)
        check(answer.status == 200, f"{name}, {len(head)} bytes: {answer.status}")
        check(client.ask("/-/healthy").status == 200, f"{name}: the request after it")
        client.close()
    passed("heads up to 16 kB are taken")
    for size in LARGEST_HEAD + 1, 20000, 33000, 70000, 1000000:
        answer = ask_alone(head_of(size))
        check(answer.status == 431, f"{size} bytes: {answer.status}")
    passed("larger ones get one 431 and an end")


def smuggling():
    length = "Content-Length: 5"
    chunked = "Transfer-Encoding: chunked"
    unclear = {
        "two lengths that differ": request("/", length, "Content-Length: 6"),
        "two lengths that are the same": request("/", length, length),
        "a space before the colon": request("/", "Content-Length : 5"),
        "a space before another colon": request("/", "X-Field : x"),
        "a length beside a coding": request("/", length, chunked),
        "a coding beside a length": request("/", chunked, length),
        "two codings": request("/", chunked, chunked),
        "an unknown coding": request("/", "Transfer-Encoding: identity"),
        "a coding after another": request("/", "Transfer-Encoding: gzip, chunked"),
        "no host": request("/", host=None),
        "two hosts": request("/", "Host: y"),
        "no host with a length": request("/", length, host=None),
    }
    for name, head in unclear.items():
        for method in b"GET", b"POST":
            answer = ask_alone(head.replace(b"GET", method, 1))
            check(answer.status == 400, f"{name}: {answer.status}")
    for length in "+5", "5x", "0x5", "-1", "5, 6", "":
        client = Client()
        client.socket.sendall(request("/", f"Content-Length: {length}") + request("/-/healthy"))
        answer = client.rest() # libmicrohttpd 0.9.75 sends the head of this one twice
        good = answer is not None and answer.startswith(b"HTTP/1.1 400 ") and b"200" not in answer
        check(good, f"a length of {length}: {answer}")
        client.close()
    client = Client()
    client.socket.sendall(request("/-/healthy", host=None, version="1.0"))
    check(Answer(client.file).status == 200, "HTTP/1.0 without a host")
    client.close()
    passed("heads that servers read in different ways get a 400 and an end")


def refusals_have_headers():
    check_headers(ask_alone(head_of(LARGEST_HEAD + 1)), "431")
    check_headers(ask_alone(request("/", "Host: y")), "400")  # libmicrohttpd 1.0 itself refuses one without a host
    passed("refusals have the same headers")


paths_and_methods()
large_heads()
smuggling()
refusals_have_headers()
