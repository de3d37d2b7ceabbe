# SPDX-License-Identifier: Apache-2.0
# make              build/sockdiag_exporter
# make deps         install the packages for building and testing (a no-op if all are present); with
#                   run, all, install, deb, rpm or image, only those for building; with test-deployment, Node.js and
#                   npm, too
# make run          build, and run in the foreground on :10073
# make demo         show it on a host in trouble, in a network namespace
# make test         unit and integration tests
# make test-deployment  rules, dashboards, Kubernetes and the demonstration; installs npm packages in build/
# make mutation, make coverage, make flaky: judge the tests
# make torture, make test-faults, make soak: docs/testing.md
# make install      put into place what `make` has built; make uninstall removes it
# make dist, make deb, make rpm, make image
#                   the source archive, and packages made of it: in build/packages
# make lint, make bench, make fuzz, make fuzz-coverage, make clean
# WERROR=1: warnings are errors
# SANITIZE=address,undefined or SANITIZE=thread: any of these with sanitizers, in a separate directory
PREFIX         ?= /usr/local
SYSTEMDUNITDIR ?= $(PREFIX)/lib/systemd/system
DATADIR        ?= $(PREFIX)/share/sockdiag_exporter
MANDIR         ?= $(PREFIX)/share/man
COMPLETIONSDIR ?= $(PREFIX)/share/bash-completion/completions
DESTDIR        ?=
CC             ?= cc
PKG_CONFIG     ?= pkg-config
CFLAGS         ?= -O2 -g
SANITIZE       ?=
comma          := ,
BUILD          ?= build$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))
VERSION        := 1.0.0
# The commit and its time: from the file in a source archive, else from git.
COMMIT         := $(shell grep '^[0-9a-f]* [0-9]*$$' packaging/revision || \
                      git log -1 --format='%h %ct' 2>/dev/null || echo unknown 0)
REVISION       := $(firstword $(COMMIT))
SOURCE_DATE_EPOCH ?= $(lastword $(COMMIT))

# Sanitizers check the calls that FORTIFY would replace. They write files, and make system calls of their own. A packager
# may choose the level of FORTIFY.
FORTIFY    := $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,-D_FORTIFY_SOURCE=2)
CHECKED    := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -DWITHOUT_SANDBOX,$(FORTIFY))
WARNINGS   := -Wall -Wextra -Wpedantic -Wshadow -Wconversion $(if $(WERROR),-Werror)
ALL_CFLAGS  = -std=c17 -D_GNU_SOURCE $(INCLUDES) $(DEFINES) $(WARNINGS) -fPIE -fstack-protector-strong \
              -fdebug-prefix-map=$(CURDIR)=. -pthread -MMD -MP \
              $(shell $(PKG_CONFIG) --cflags $(LIBRARIES)) $(CPPFLAGS) $(CFLAGS) $(CHECKED)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -pthread $(CHECKED) $(LDFLAGS)
INCLUDES   := -Iinclude -Isrc -Icmd/sockdiag_exporter -Itests/support
LIBRARIES  := libmnl libmicrohttpd gnutls yaml-0.1 libcrypt zlib
LIBS        = $(shell $(PKG_CONFIG) --libs $(LIBRARIES)) -lm

# One line instead of a hundred compiler errors.
ifeq ($(filter deps clean lint uninstall,$(MAKECMDGOALS)),)
ifneq ($(shell $(PKG_CONFIG) --exists $(LIBRARIES) 2>/dev/null && echo there),there)
$(error libraries are missing: make deps)
endif
endif

objects   = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)))
programs  = $(patsubst %.c,$(BUILD)/%,$(wildcard $(1)))
LIBRARY  := $(BUILD)/libsockdiag.a
EXPORTER := $(BUILD)/sockdiag_exporter
TESTS    := $(call programs,tests/unit/*.c tests/integration/*.c)
# Sanitizers take memory of their own.
WEB      := $(filter-out $(if $(SANITIZE),tests/web/memory.sh),$(wildcard tests/web/*.sh))
SCRIPTS  := $(WEB) tests/web_config.sh tests/prometheus.sh
# The service does not allow what sanitizers need.
SCRIPTS  += $(if $(SANITIZE),,tests/systemd.sh tests/install.sh)
DEPLOYMENT := $(addprefix tests/,monitoring.sh monitoring-setup.sh runbooks.sh mixin.sh dashboards.sh kubernetes.sh \
                 demo.sh)
NPM_TESTS  := $(addprefix test-,deployment dashboards kubernetes helm browser)
BENCHES  := $(call programs,tests/bench/*.c)
FUZZING  := $(call programs,tests/fuzz/fuzz_*.c)

MAN_PAGE := $(BUILD)/sockdiag_exporter.8

all: $(EXPORTER) $(MAN_PAGE)

everything: $(EXPORTER) $(TESTS) $(BENCHES)

$(EXPORTER): $(call objects,cmd/sockdiag_exporter/*.c) $(LIBRARY)
$(TESTS) $(FUZZING): $(BUILD)/%: $(BUILD)/%.o $(call objects,tests/support/*.c) \
          $(filter-out %/main.o,$(call objects,cmd/sockdiag_exporter/*.c)) $(LIBRARY)
$(TESTS) $(FUZZING): LIBS += -lcmocka
$(FUZZING): ALL_LDFLAGS += -fsanitize=fuzzer
# What judges is not searched for ways through it.
$(call objects,tests/support/*.c): ALL_CFLAGS += $(if $(findstring fuzzer,$(SANITIZE)),-fno-sanitize=fuzzer-no-link)
$(BUILD)/tests/unit/test_out_of_memory: ALL_LDFLAGS += -Wl,--wrap=calloc
$(BENCHES): $(BUILD)/%: $(BUILD)/%.o $(LIBRARY)

$(EXPORTER) $(TESTS) $(BENCHES) $(FUZZING):
	@echo "  LD $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(LIBRARY): $(call objects,src/*/*.c)
	@rm -f $@ && $(AR) rcs $@ $^

# A file that changes only with the revision.
$(BUILD)/revision: always
	@mkdir -p $(@D)
	@echo '$(REVISION)' | cmp -s - $@ || echo '$(REVISION)' >$@
$(BUILD)/cmd/sockdiag_exporter/main.o: $(BUILD)/revision
$(BUILD)/cmd/sockdiag_exporter/main.o: DEFINES := -DVERSION='"$(VERSION)"' -DREVISION='"$(REVISION)"'
# It describes the flags as --help does.
$(MAN_PAGE): docs/man/sockdiag_exporter.8.in docs/man/page.awk $(EXPORTER)
	@$(EXPORTER) --help | awk -v version=$(VERSION) -v date=$$(date -u -d @$(SOURCE_DATE_EPOCH) +%F) \
	    -f docs/man/page.awk - $< >$@

# The functions that cmocka 2.0 recommends are not in 1.1.
$(BUILD)/tests/%.o: DEFINES := -DCMOCKA_DISABLE_DEPRECATION_WARNINGS
# With `make deps test` the build starts when the packages are installed, on all CPUs.
MAKEFLAGS += $(if $(filter deps,$(MAKECMDGOALS)),-j$(shell nproc))
$(BUILD)/%.o: %.c | $(filter deps,$(MAKECMDGOALS))
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

deps:
	@packaging/install-deps.sh $(if $(filter $(NPM_TESTS),$(MAKECMDGOALS)),npm,\
	    $(if $(filter test%,$(MAKECMDGOALS)),,$(if $(filter run all install deb rpm image,$(MAKECMDGOALS)),build)))

run: $(EXPORTER)
	$(EXPORTER)

demo: $(EXPORTER)
	@tests/demo/demo.sh $(EXPORTER)

# Scripts first: the longest are among them.
test: all $(TESTS)
	@tests/run.sh $(EXPORTER) $(BUILD) $(SCRIPTS) $(TESTS)

test-deployment: all
	@tests/run.sh $(EXPORTER) $(BUILD) $(DEPLOYMENT)

# One of the scripts alone: test-prometheus; test-browser wants a browser, test-helm Go, test-fleet minutes. All of
# tests/web: test-web; one of them: test-web-tls.
test-%: all
	@tests/$*.sh $(EXPORTER) $(BUILD)
test-kernels: $(TESTS) $(BUILD)/tests/bench/fabricate
test-web: $(EXPORTER)
	@tests/run.sh $(EXPORTER) $(BUILD) $(WEB)
test-web-%: $(EXPORTER)
	@tests/web/$*.sh $(EXPORTER) $(BUILD)

# What judges the tests themselves: docs/testing.md.
flaky: $(EXPORTER) $(TESTS)
	@tests/flaky.sh $(EXPORTER) $(BUILD) $(TESTS)
# Counters are in mapped files: processes that are killed count, too.
COUNTERS := -fprofile-instr-generate=$(CURDIR)/build-coverage/%m%c.profraw
COUNTED   = $(MAKE) BUILD=build-coverage CC=clang LDFLAGS=$(COUNTERS) \
            CFLAGS='-O1 $(COUNTERS) -fcoverage-mapping -mllvm -runtime-counter-relocation'
coverage:
	rm -f build-coverage/*.profraw
	+$(COUNTED) test SCRIPTS=
	@tests/coverage.py build-coverage
MUTANTS ?= 200
FILES   ?= $(patsubst %,src/%/*.c,sample measure kernel exposition namespaces)
mutation:
	+$(COUNTED) everything
	@PYTHONDONTWRITEBYTECODE=1 SEED=$(SEED) MUTANTS=$(MUTANTS) FILES='$(FILES)' tests/mutation/mutation.py build-coverage build-mutation \
	    $(TESTS:$(BUILD)/%=%)

# libFuzzer on external input, each target for FUZZ_SECONDS, starting from its seeds and what was found before.
FUZZ_SECONDS ?= 60
FUZZERS      := $(patsubst tests/fuzz/fuzz_%.c,fuzz-%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BUILD   := +@$(MAKE) --no-print-directory CC=clang fuzzing
fuzz: $(FUZZERS)
$(FUZZERS): fuzz-%: fuzz-build
	@tests/fuzz/run.sh $* $(FUZZ_SECONDS)
fuzz-build:
	$(FUZZ_BUILD) BUILD=build-fuzz CFLAGS='-O1 -g' SANITIZE=fuzzer-no-link,address,undefined
fuzzing: $(FUZZING)
	@:

# How much of the code it is for each target reaches, with its seeds and what was found so far.
fuzz-coverage:
	$(FUZZ_BUILD) BUILD=build-fuzz-coverage SANITIZE=fuzzer-no-link \
	    CFLAGS='-O1 -g -fprofile-instr-generate -fcoverage-mapping' LDFLAGS=-fprofile-instr-generate
	@tests/fuzz/coverage.sh

# Each call that can fail, failed once: all of them, or TORTURE_CALLS=200 SEED=1, or TORTURE_FAULT=what
# a failure prints.
torture: $(EXPORTER) $(BUILD)/tests/torture/fallible.so
	@tests/torture.sh $(EXPORTER) $(BUILD)
test-faults: $(BUILD)/tests/faults/clock.so $(BUILD)/tests/bench/fabricate
$(BUILD)/%.so: %.c
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(CC) -std=c17 -D_GNU_SOURCE $(WARNINGS) -O2 -g -fno-builtin -fPIC -shared -ftls-model=initial-exec -o $@ $<

# SOAK_SECONDS under load, an hour
soak: $(EXPORTER)
	@tests/soak.sh $(EXPORTER) $(BUILD)

bench: $(EXPORTER) $(BENCHES)
	@tests/bench/bench.py --build $(BUILD)

lint:
	+@tests/lint.sh

DROP_INS := $(wildcard systemd/*.conf)
# Builds nothing: as root it would leave files of root in the user's tree.
install: $(filter all,$(MAKECMDGOALS))
	@test -e $(MAN_PAGE) || { echo 'make install: nothing is built yet: make' >&2; exit 1; }
	install -D -m 755 $(EXPORTER) $(DESTDIR)$(PREFIX)/bin/sockdiag_exporter
	sed 's|@BINDIR@|$(PREFIX)/bin|' systemd/sockdiag_exporter.service.in | \
	    install -D -m 644 /dev/stdin $(DESTDIR)$(SYSTEMDUNITDIR)/sockdiag_exporter.service
	install -m 644 systemd/sockdiag_exporter.socket $(DESTDIR)$(SYSTEMDUNITDIR)
	install -D -m 644 -t $(DESTDIR)$(DATADIR)/systemd $(DROP_INS)
	install -D -m 644 -t $(DESTDIR)$(MANDIR)/man8 $(MAN_PAGE)
	install -D -m 644 packaging/completion.bash $(DESTDIR)$(COMPLETIONSDIR)/sockdiag_exporter

# Directories stay, but for our own.
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/sockdiag_exporter \
	    $(addprefix $(DESTDIR)$(SYSTEMDUNITDIR)/sockdiag_exporter.,service socket) \
	    $(addprefix $(DESTDIR)$(DATADIR)/,$(DROP_INS)) \
	    $(DESTDIR)$(MANDIR)/man8/sockdiag_exporter.8 $(DESTDIR)$(COMPLETIONSDIR)/sockdiag_exporter
	-rmdir $(DESTDIR)$(DATADIR)/systemd $(DESTDIR)$(DATADIR)

# Each has the same bytes whenever the same tools pack this commit, but for the RPM package.
ARCHIVE := $(BUILD)/packages/sockdiag_exporter-$(VERSION).tar.gz
dist: | $(filter deps,$(MAKECMDGOALS))
	@packaging/dist.sh $(ARCHIVE) $(SOURCE_DATE_EPOCH)
	@echo $(ARCHIVE)
deb rpm: dist
	@packaging/$@.sh $(ARCHIVE) $(VERSION) $(SOURCE_DATE_EPOCH)
image: $(EXPORTER)
	@mkdir -p $(dir $(ARCHIVE))
	@packaging/image.sh $< $(VERSION) $(REVISION) $(SOURCE_DATE_EPOCH) $(dir $(ARCHIVE))
.PHONY: dist deb rpm image

clean:
	rm -rf build build-*

-include $(shell find $(BUILD) -name '*.d' -type f 2>/dev/null)
.PHONY: all always everything deps run demo test test-deployment test-web flaky coverage mutation fuzz fuzz-build fuzzing fuzz-coverage $(FUZZERS) torture soak bench lint install uninstall clean
.SECONDARY:
