# SPDX-License-Identifier: Apache-2.0
"""One life of an exporter, with one call that fails or none: start, samples, scrapes, a reload, stop. See torture.py."""
import base64
import contextlib
import dataclasses
import gzip
import os
import re
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import time

from web_client import Client

PATIENCE = 30  # seconds until something hangs
RECOVERY = 6  # pages, of one second each, until all numbers are back
NOTIFY = "torture"
LEDGER_SIZE = 1 << 22  # as fallible.c has it, with the next two
HEAD, CALL = struct.Struct("2I120x"), struct.Struct("24s24s64s2IQ")
TOKEN = "Authorization: Basic " + base64.b64encode(b"scraper:secret").decode()
FORMATS = {
    "text": ("/metrics",),
    "OpenMetrics": ("/metrics", "Accept: application/openmetrics-text;version=1.0.0"),
    "protobuf": (
        "/metrics",
        "Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
    ),
    "gzip": ("/metrics", "Accept-Encoding: gzip"),
    "status page": ("/",),
}
HEADER = "http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n"
EVERYTHING = (
    "--collector.netns --collector.netns.walk --collector.cgroups --collector.connect-failures --collector.closers".split()
)


@dataclasses.dataclass
class Setup:
    flags: list
    config: str = ""  # the parts of the web configuration
    privileged: bool = False

    @property
    def once(self):
        return "--once" in self.flags


SETUPS = {
    "plain": Setup([]),
    "tls": Setup([], "tls users"),
    "all": Setup(EVERYTHING, "users", privileged=True),
    "once": Setup(["--once", *EVERYTHING], privileged=True),
}


@dataclasses.dataclass
class Outcome:
    problems: list = dataclasses.field(default_factory=list)
    failed: int = 0  # calls that were let fail
    calls: list = dataclasses.field(default_factory=list)
    series: dict = dataclasses.field(default_factory=dict)  # of the last page
    descriptors: int = 0
    log: str = ""
    warnings: list = dataclasses.field(default_factory=list)  # of the log


class Ended(Exception):
    """The life is over, as it may be."""


class Problem(Exception):
    """Something that must not happen, whatever fails."""


def write_config(parts, header=False):
    """web.yml, at once: the exporter never sees half of it."""
    text = "".join(open(f"../{part}.yml", encoding="ascii").read() for part in parts.split())
    with open("next.yml", "w", encoding="ascii") as file:
        file.write(text + (HEADER if header else ""))
    os.rename("next.yml", "web.yml")


def parse(page):
    """Series of the text format, with their values."""
    lines = page.decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))


def is_late(series):
    """Does the page say that a sample is older than it may be? Then numbers are missing on purpose."""
    ages = [
        (time.time() - float(taken)) / float(series[name.replace("last_sample_timestamp", "sample_interval")])
        for name, taken in series.items()
        if name.startswith("sockdiag_exporter_last_sample_timestamp_seconds")
    ]
    return bool(ages) and max(ages) > 3


def is_whole(name, body):
    if name == "OpenMetrics":
        return body.endswith(b"# EOF\n")
    if name == "status page":
        return body.rstrip().endswith(b"</html>")
    if name != "protobuf":
        return b"\nsockdiag_exporter_build_info" in body
    place = 0
    while place < len(body):
        length, shift = 0, 0
        while place < len(body):
            byte = body[place]
            length, shift, place = length | (byte & 127) << shift, shift + 7, place + 1
            if byte < 128:
                break
        place += length
    return place == len(body) > 0


class Life:
    """An exporter with the shim, in the present directory."""

    def __init__(self, setup, fault, reference):
        self.setup, self.fault, self.reference = setup, fault, reference
        self.outcome = Outcome()
        self.tls = "tls" in setup.config
        self.lost = set()  # series that some page did not have
        self.refused = False  # has a client seen it?
        self.counted = False

    def start(self):
        for name in os.listdir("."):
            os.unlink(name)
        if self.setup.config:
            write_config(self.setup.config)
        for name in ("server.pem", "server.key"):
            shutil.copy(f"../{name}", name)  # beside the configuration: elsewhere it may not read later
        with open("ledger", "wb") as ledger:
            ledger.truncate(LEDGER_SIZE)
        os.chmod("ledger", 0o666)  # the helper is another user
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(f"\0{NOTIFY}")  # anybody may send to it
        reports = f"log_path={os.path.abspath('sanitizer')}"
        environment = dict(
            os.environ,
            LD_PRELOAD=os.environ["shim"],
            TORTURE_LEDGER=os.path.abspath("ledger"),
            NOTIFY_SOCKET=f"@{NOTIFY}",
            ASAN_OPTIONS=f"verify_asan_link_order=0:{reports}",
            LSAN_OPTIONS=reports,
            UBSAN_OPTIONS=reports,
        )
        if self.fault:
            environment["TORTURE_CALL"] = self.fault
        flags = ["--sample.detail-interval=1s", "--sample.cpu-budget=100", *self.setup.flags]
        if self.setup.config:
            flags.append("--web.config.file=web.yml")
        with open("log", "w") as log, open("out", "w") as out:
            self.process = subprocess.Popen([os.environ["exporter"], *flags], env=environment, stdout=out, stderr=log)
        self.pidfd = os.pidfd_open(self.process.pid)

    def log(self):
        with open("log", encoding="utf-8", errors="replace") as file:
            return file.read()

    def warnings(self):
        """What the log says that it does not say without the fault."""
        lines = re.findall(r" level=(?:warn|error) (.*)", self.log())
        return [line for line in lines if not self.reference or line not in self.reference["warnings"]]

    def has_ended(self, seconds=0):
        return bool(select.select([self.pidfd], [], [], seconds)[0])

    def await_message(self, message):
        """From the exporter to systemd. False when the exporter ends instead."""
        end = time.monotonic() + PATIENCE
        while (left := end - time.monotonic()) > 0:
            ready = select.select([self.notify, self.pidfd], [], [], left)[0]
            if self.notify in ready and self.notify.recv(256) == message:
                return True
            if ready == [self.pidfd]:
                return False
        raise Problem(f"hangs: no {message.decode()} in {PATIENCE} s")

    def check_end(self):
        """One line and exit."""
        code = self.process.wait()
        lines = self.log().splitlines()
        if code != 1:
            name = signal.Signals(-code).name if code < 0 else code
            raise Problem(f"ends with {name}")
        complaints = [line for line in lines if line.startswith("sockdiag_exporter: ")]
        if len(complaints) != 1 or complaints[0] != lines[-1]:
            raise Problem("does not end with one line")
        if not all(line in complaints or " level=" in line for line in lines):
            raise Problem("says more than one line and its log")

    def end_early(self, doing):
        """It has started, so only its helper is a reason to end."""
        self.check_end()
        if "the namespace helper" not in self.log().splitlines()[-1]:
            raise Problem(f"has ended while it {doing}")
        raise Ended

    def ask(self, *arguments):
        """An answer, or None."""
        try:
            client = Client(tls=self.tls)
            answer = client.ask(*arguments, *([TOKEN] if self.setup.config else []))
            client.close()
            return answer if answer.status == 200 else None
        except (OSError, SystemExit, ValueError):
            return None

    def scrape(self, name):
        """A client gets one more try."""
        for _ in range(2):
            answer = self.ask(*FORMATS[name])
            if answer:
                break
            self.refused = True
            if self.has_ended():
                self.end_early("served")
        else:
            if self.has_ended(PATIENCE / 3):
                self.end_early("served")
            raise Problem(f"the {name} is refused twice")
        body = gzip.decompress(answer.body) if answer.headers["Content-Encoding"] == "gzip" else answer.body
        if not is_whole(name, body):
            raise Problem(f"the {name} is cut off")
        if name in ("text", "gzip"):
            self.note(parse(body))
        return answer

    def note(self, series):
        """Compare a page with the reference."""
        self.outcome.series = series
        if not self.reference:
            return set()
        if is_late(series):
            return {"a sample in time"}
        errors = sum(
            float(value)
            for name, value in series.items()
            if name.startswith(("sockdiag_exporter_errors_total", "sockdiag_exporter_sample_failures_total"))
            or name in ("sockdiag_exporter_log_lines_dropped_total", "sockdiag_exporter_http_connections_rejected_total")
        )
        refused = series.get("sockdiag_exporter_web_config_last_reload_successful", "1") == "0"
        self.counted |= errors > 0 or refused
        missing = {
            name if value is None else f"{name} {value} (it is {series.get(name)})"
            for name, value in self.reference["series"].items()
            if (name not in series if value is None else series.get(name) != value)
        }
        self.lost |= missing
        return missing

    def reload(self):
        """It takes the new configuration, at the second try at the latest."""
        write_config(self.setup.config, header=True)
        for number in range(1, 3):
            os.kill(self.process.pid, signal.SIGHUP)
            end = time.monotonic() + PATIENCE / 3
            while time.monotonic() < end:
                answer = self.ask("/-/healthy")
                if answer and answer.headers["X-Frame-Options"] == "sameorigin":
                    return
                if self.log().count(" keeping the previous ") == number:
                    break
                if self.has_ended():
                    self.end_early("reloaded")
                time.sleep(0.02)
        raise Problem("the reload is not done")

    def recover(self):
        """The numbers are all back, unless the log says what is gone."""
        for _ in range(RECOVERY):
            self.scrape("text")
            missing = self.note(self.outcome.series)
            if not missing:
                return
            if not self.await_message(b"WATCHDOG=1"):
                self.end_early("sampled")
        if not self.warnings():
            raise Problem(f"lost for good: {sorted(missing)[:5]}")

    def count_descriptors(self):
        """Those that stay open: a sample takes some for an instant."""
        lowest = 1 << 20
        for _ in range(10):
            lowest = min(lowest, len(os.listdir(f"/proc/{self.process.pid}/fd")))
            time.sleep(0.02)
        return lowest

    def check_descriptors(self):
        """As many as without the fault, once clients are gone."""
        end = time.monotonic() + 3
        while True:
            self.outcome.descriptors = self.count_descriptors()
            if not self.reference or self.outcome.descriptors <= self.reference["descriptors"]:
                return
            if time.monotonic() > end:
                raise Problem(f"{self.outcome.descriptors} descriptors instead of {self.reference['descriptors']}")

    def serve(self):
        if not self.await_message(b"READY=1"):
            return self.check_end()
        for _ in range(3):
            if not self.await_message(b"WATCHDOG=1"):
                self.end_early("sampled")
        for name in FORMATS:
            self.scrape(name)
        if self.setup.config:
            self.reload()
        if not self.await_message(b"WATCHDOG=1"):
            self.end_early("sampled")
        self.recover()
        self.check_descriptors()
        self.process.terminate()
        if not self.has_ended(PATIENCE):
            raise Problem("hangs at the stop")
        # When its helper has failed just before, it says so, and any signal may end it.
        if self.process.wait() not in (0, -signal.SIGTERM if "--collector.netns.walk" in self.setup.flags else 0):
            raise Problem(f"stops with {self.process.returncode}")

    def print_once(self):
        if not self.has_ended(PATIENCE):
            raise Problem("hangs")
        if self.process.wait() != 0:
            return self.check_end()
        with open("out", "rb") as file:
            page = file.read()
        if not is_whole("text", page):
            raise Problem("the page is cut off")
        self.note(parse(page))

    def check_report(self):
        """Nothing is lost in silence."""
        reported = self.counted or self.refused or self.process.returncode or self.warnings()
        if self.lost and not reported:
            raise Problem(f"lost in silence: {sorted(self.lost)[:5]}")

    def read_ledger(self):
        with open("ledger", "rb") as file:
            ledger = file.read()
        count, self.outcome.failed = HEAD.unpack_from(ledger)
        if count > (LEDGER_SIZE - HEAD.size) // CALL.size:
            raise Problem(f"{count} calls are too many for the ledger")
        for call in CALL.iter_unpack(ledger[HEAD.size : HEAD.size + count * CALL.size]):
            process, function, module = (text.rstrip(b"\0").decode() for text in call[:3])
            self.outcome.calls.append((f"{process}/{call[3]}/{function}/{call[4]}", f"{module}+{call[5]:#x}"))

    def live(self):
        try:
            self.start()
            try:
                with contextlib.suppress(Ended):
                    (self.print_once if self.setup.once else self.serve)()
                self.check_report()
            finally:
                if self.process.poll() is None:
                    self.process.kill()
                    self.process.wait()
                self.read_ledger()
        except Problem as problem:
            self.outcome.problems.append(str(problem))
        reports = [name for name in os.listdir(".") if name.startswith("sanitizer.")]
        if reports:
            with open(reports[0], encoding="utf-8", errors="replace") as file:
                self.outcome.problems.append("a sanitizer reports:\n" + file.read())
        self.outcome.log, self.outcome.warnings = self.log(), self.warnings()
        os.close(self.pidfd)
        self.notify.close()
        return self.outcome
