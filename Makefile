# certlookup: one Makefile.
#
#   make              certlookupd and certlookup, in build/release
#   make setup        installs what is missing (Debian 12 and 13; elsewhere names it)
#   make demo         everything on this machine with real servers, then a tour: see README
#   make test         all tests under AddressSanitizer and UBSan; also: unit seeds scenario system checks
#   make tsan         the same tests under ThreadSanitizer
#   make pictures     those of docs/images: the page, in chromium, with the demo's people
#   make pkits        NIST's path validation tests through slapd and gateway: "N of 249 rows agree"
#   make bench        speed beside nginx, webdis and bare libraries, in turns: ten minutes, or BENCH=quick; WHAT=parts
#   make soak         whether memory stays bounded: 10 million lookups, or SOAK_LOOKUPS; a million cached
#   make start-time   how long a start takes, with little and with much to load
#   make fuzz         each parser of outside bytes for FUZZ_SECONDS (60), with clang
#   make lint         cppcheck, shellcheck, mandoc and the rules of the house
#   make layering     who may include whom
#   make check-docs   every setting, option, metric and route stands in a manual page
#   make install      to DESTDIR PREFIX SYSCONFDIR; make uninstall
#   make clean
#
# Yours: CC CPPFLAGS CFLAGS LDFLAGS LDLIBS PREFIX DESTDIR SYSCONFDIR PKG_CONFIG INSTALL SAN=address,undefined WERROR=1 V=1

CC         ?= cc
CFLAGS     ?= -O2 -g
PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
PKG_CONFIG ?= pkg-config
INSTALL    ?= install
VERSION    := 0.1.0

.DEFAULT_GOAL := all

SAN     ?=
comma   := ,
FLAVOUR ?= $(if $(SAN),$(subst $(comma),-,$(SAN)),release)
B       := build/$(FLAVOUR)

# A folder's sources are all its .c files; main.c is the program's and stays out of the library.
FOLDERS  := base x509 render fetch ldap cache http gateway cli
SOURCES  := $(foreach d,$(FOLDERS),$(wildcard $d/*.c))
MAINS    := gateway/main.c cli/main.c
EMBEDDED := openapi web problems
OBJECTS  := $(patsubst %.c,$B/%.o,$(filter-out $(MAINS),$(SOURCES))) $(EMBEDDED:%=$B/embedded/%.o)
PROGRAMS := $B/certlookupd $B/certlookup

# hiredis_ssl (rediss://) is there from Debian 13 on. Each $(eval) below asks once, and only when something is built.
PACKAGES := libmicrohttpd gnutls libcrypto ldap lber hiredis libevent_core libevent_pthreads libconfig jansson libcurl libidn2
HIREDIS_SSL = $(eval HIREDIS_SSL := $$(shell $(PKG_CONFIG) --exists hiredis_ssl libssl && echo hiredis_ssl libssl))$(HIREDIS_SSL)
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell $(PKG_CONFIG) --cflags $(PACKAGES) $$(HIREDIS_SSL)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $$(shell $(PKG_CONFIG) --libs $(PACKAGES) $$(HIREDIS_SSL)))$(PKG_LIBS)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wformat=2 -Wswitch-enum \
            -Wno-missing-field-initializers $(if $(WERROR),-Werror)
HARDEN    := -fPIE -fstack-protector-strong -fno-strict-overflow
HARDEN_LD := -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack
SANITIZE  := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)

# What this compiler knows beyond that is asked once and kept.
PROBED := $B/probed-$(subst /,_,$(firstword $(CC))).mk
$(PROBED): etc/probe-flags.sh
	@mkdir -p $(@D)
	@CC='$(CC)' sh $< > $@
ifeq ($(filter clean help setup uninstall layering demo demo-% docker-test,$(MAKECMDGOALS)),)
-include $(PROBED)
endif
FORTIFY = $(if $(SAN),,$(if $(filter -O1 -O2 -O3 -Os,$(CFLAGS)),$(HARDEN_FORTIFY)))

# What is ours goes before, what is the user's goes last, so that the user has the last word.
BUILD_CFLAGS = -std=c11 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DSYSCONFDIR='"$(SYSCONFDIR)"' \
               $(if $(HIREDIS_SSL),-DHAVE_HIREDIS_SSL) -I. $(WARNINGS) $(HARDEN) $(HARDEN_MORE) $(FORTIFY) $(SANITIZE) \
               -pthread $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS)
BUILD_LDFLAGS = $(HARDEN_LD) $(SANITIZE) $(LDFLAGS)
LIBS = $(PKG_LIBS) -lunistring -pthread $(LDLIBS)

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-4s %s\n' $1 $2)

.PHONY: all
all: $(PROGRAMS)

$B/certlookupd: $B/gateway/main.o $B/libcertlookup.a
$B/certlookup:  $B/cli/main.o $B/libcertlookup.a
$(PROGRAMS):
	$(call say,LD,$@)
	$Q$(CC) $(BUILD_LDFLAGS) -o $@ $^ $(LIBS)

$B/libcertlookup.a: $(OBJECTS)
	$(call say,AR,$@)
	$Q$(RM) $@ && $(AR) crs $@ $^

# Files that the daemon brings along: see http/embedded.h.
$B/embedded/openapi.c: docs/openapi.json
$B/embedded/web.c: web $(wildcard web/*)
$B/embedded/problems.c: docs/problems $(wildcard docs/problems/*.md)
$(EMBEDDED:%=$B/embedded/%.c): etc/embed.sh
	@mkdir -p $(@D)
	$Qsh etc/embed.sh $(basename $(@F)) $(filter docs/%.json docs/%.md web/%,$^) > $@.new && mv $@.new $@
$B/embedded/%.o: $B/embedded/%.c $B/flags
	$(call say,CC,$<)
	$Q$(CC) $(BUILD_CFLAGS) -MMD -MP -c -o $@ $<

# The flags are part of what an object depends on: $B/flags changes only when they do.
$B/%.o: %.c $B/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$Q$(CC) $(BUILD_CFLAGS) -MMD -MP -c -o $@ $<

$B/flags: FORCE
	@$(PKG_CONFIG) --print-errors --exists $(PACKAGES) || { echo 'Something is missing: try "make setup".' >&2; exit 1; }
	@mkdir -p $B
	@echo '$(subst ','\'',$(CC) $(BUILD_CFLAGS) $(BUILD_LDFLAGS))' | cmp -s - $@ || \
	 echo '$(subst ','\'',$(CC) $(BUILD_CFLAGS) $(BUILD_LDFLAGS))' > $@
.PHONY: FORCE
FORCE:

# Programs of the tests: <folder>/<name>.c with a main(), and the folder's other .c files, which help.
MAIN    := ^int (main|LLVMFuzzerTestOneInput)\b
mains   = $(patsubst %.c,%,$(shell grep -lsE '$(MAIN)' tests/$1/*.c))
helpers = $(patsubst %.c,$B/%.o,$(filter-out $(addsuffix .c,$(call mains,$1)),$(wildcard tests/$1/*.c)))
UNIT     := $(patsubst tests/%,$B/%,$(call mains,unit))
SCENARIO := $(patsubst tests/%,$B/%,$(call mains,scenario))
TOOLS    := $(patsubst tests/%,$B/%,$(call mains,tools))
BENCHES  := $(patsubst tests/%,$B/%,$(call mains,bench))
FUZZ     := $(patsubst tests/%,$B/%,$(filter-out %/replay,$(call mains,fuzz)))
REPLAY   := $(patsubst $B/fuzz/%,$B/replay/%,$(FUZZ))

define link_test
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$Q$(CC) $(BUILD_LDFLAGS) $1 -o $@ -Wl,--start-group $(filter %.o %.a,$^) -Wl,--end-group $2 $(LIBS)
endef

# scarce.c lets the nth allocation fail. Helpers go into an archive, so that a test takes only those that it uses.
SCARCE_LD := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup
$B/unit/helpers.a: $(call helpers,unit)
$B/tools/helpers.a: $(call helpers,tools)
$B/bench/helpers.a: $(call helpers,bench)
%/helpers.a:
	@mkdir -p $(@D)
	$Q$(RM) $@ && $(AR) crs $@ $^

$(UNIT): $B/%: $B/tests/%.o $B/unit/helpers.a $B/libcertlookup.a
	$(call link_test,$(SCARCE_LD),-lcmocka)
$B/unit/test_file: private SCARCE_LD += -Wl,--wrap=geteuid
$B/unit/test_http_spare: private SCARCE_LD += -Wl,--wrap=MHD_get_response_header
$B/unit/test_http_slow: private SCARCE_LD += -Wl,--wrap=clock_mono_ms
$B/unit/test_http_shortage: private SCARCE_LD += -Wl,--wrap=clock_mono_ms,--wrap=log_write
$(TOOLS): $B/%: $B/tests/%.o $B/tools/helpers.a $B/libcertlookup.a
	$(call link_test)
# Judges with and without what is replaced here.
$B/tools/same_verdicts: private LDFLAGS += \
    -Wl,--wrap=cert_parse_recipient,--wrap=path_is_plain,--wrap=link_memo_has
$B/tools/makestart: $B/tests/people/pki.o
$B/tools/makepeople: $(patsubst %.c,$B/%.o,$(wildcard tests/people/*.c))
	$(call link_test)
$B/tools/makecases: $(patsubst %.c,$B/%.o,$(wildcard tests/cases/*.c)) $B/tests/people/pki.o $B/libcertlookup.a
	$(call link_test)
$(BENCHES): $B/%: $B/tests/%.o $B/bench/helpers.a $B/tests/people/pki.o $B/libcertlookup.a
	$(call link_test,,-lm)
# A directory is played: what stands before the library takes the place of what is in it.
$B/soak/soak: $B/tests/soak/soak.o $B/tests/soak/played.o $B/tests/people/pki.o $B/libcertlookup.a
	$(call link_test)
$B/soak/fill: $B/tests/soak/fill.o $B/tests/bench/answers.o $B/tests/people/pki.o $B/libcertlookup.a
	$(call link_test)
# Clock, directory, Redis and engine are played: what stands before the library takes the place of what is in it.
$(SCENARIO): $B/%: $B/tests/%.o $(call helpers,scenario) $B/tests/people/pki.o $B/libcertlookup.a
	$(call link_test)
$(FUZZ): $B/%: $B/tests/%.o $B/libcertlookup.a
	$(call link_test,-fsanitize=fuzzer)

# The same targets, without a fuzzer: they are given their seeds.
$(REPLAY): $B/replay/%: $B/tests/fuzz/%.o $B/tests/fuzz/replay.o $B/libcertlookup.a
	$(call link_test)

# What some system tests read our output with, from npm: pinned, and of the integrity that the lock says. Where it cannot
# be had these fail, and say so.
NODE := build/node
$(NODE)/installed: tests/node/package.json tests/node/package-lock.json
	$(call say,NPM,$(NODE))
	@mkdir -p $(NODE)
	@cp $^ $(NODE)
	@cd $(NODE) && $(RM) installed && \
	 npm ci --ignore-scripts --no-audit --no-fund > npm.log 2>&1 && touch installed || tail -n 3 npm.log
test system: $(NODE)/installed

SUITES   := checks unit seeds scenario system
.PHONY: test $(SUITES) tsan test-programs
TEST_SAN := $(or $(SAN),address$(comma)undefined)
test-programs: $(PROGRAMS) $(UNIT) $(REPLAY) $(SCENARIO) $(TOOLS) $B/tools/makepeople $B/tools/makecases $B/soak/soak
test $(SUITES):
	@$(MAKE) --no-print-directory SAN=$(TEST_SAN) test-programs
	@sh tests/scripts/run.sh build/$(subst $(comma),-,$(TEST_SAN)) $(if $(filter test,$@),$(SUITES),$@)
tsan:
	@$(MAKE) --no-print-directory test SAN=thread

# NIST's data comes with make setup; the system tests run it, too.
.PHONY: pkits
pkits:
	@$(MAKE) --no-print-directory SAN=$(TEST_SAN) test-programs
	@bash tests/pkits/run.sh build/$(subst $(comma),-,$(TEST_SAN))

# Speed, side by side with what a user would pick instead; docs/performance.md says what came of it. What is missing is
# installed first.
.PHONY: bench
bench:
	@sh etc/setup.sh bench
	@$(MAKE) --no-print-directory bench-programs
	@bash tests/bench/$(or $(WHAT),bench).sh $B
.PHONY: bench-programs
bench-programs: all $B/tools/makepeople $B/tools/makestart $B/tools/start_time $(BENCHES)

# Whether memory stays bounded over ever new addresses, and what a million answers take: some minutes each.
.PHONY: soak start-time
SOAK_LOOKUPS ?= 10000000
soak: $B/soak/soak $B/soak/fill
	@$B/soak/fill 1000000 2200
	@$B/soak/soak $(SOAK_LOOKUPS) 256 286

# From the start to the first answers, side by side with the bounds.
start-time: all $B/tools/makepeople $B/tools/makestart $B/tools/start_time
	@bash tests/bench/start.sh $B

# libFuzzer comes with clang.
.PHONY: fuzz fuzz-programs
FUZZ_SECONDS ?= 60
fuzz-programs: $(FUZZ)
fuzz:
	@command -v clang > /dev/null || { echo 'make fuzz needs clang: sh etc/setup.sh fuzz' >&2; exit 1; }
	@$(MAKE) --no-print-directory CC=clang FLAVOUR=fuzz SAN=fuzzer-no-link,address,undefined fuzz-programs
	@sh tests/scripts/fuzz.sh build/fuzz/fuzz $(FUZZ_SECONDS)

# Real servers on this machine, with a directory full of people: tests/demo/demo.sh. What is missing is installed first.
.PHONY: demo demo-check demo-up demo-down demo-programs docker-test
demo-programs: all $B/tools/makepeople
demo demo-check demo-up:
	@sh etc/setup.sh
	@$(MAKE) --no-print-directory demo-programs
	@bash tests/demo/demo.sh $B $(if $(filter demo,$@),run,$(@:demo-%=%))
demo-down:
	@mkdir -p $B && bash tests/demo/demo.sh $B down

# The page, as docs/page.md shows it: of a demo by itself, as paths are seen.
.PHONY: pictures
PICTURES := /tmp/certlookup
pictures: $(NODE)/installed
	@mkdir -p docs/images && DEMO=$(PICTURES) $(MAKE) --no-print-directory demo-up
	@. $(PICTURES)/env && NODE_PATH=$(NODE)/node_modules node tests/node/pictures.js "$$HTTP_URL/" docs/images; \
	 status=$$?; DEMO=$(PICTURES) $(MAKE) --no-print-directory demo-down; exit $$status

# The same in containers, asked from outside.
docker-test:
	@bash docker/test.sh

.PHONY: setup lint layering check-docs help
setup:
	@sh etc/setup.sh test
layering:
	@sh tests/scripts/layering.sh
lint: all
	@sh tests/scripts/lint.sh $B
check-docs: all
	@sh tests/scripts/check-docs.sh $B
help:
	@sed '/^$$/q; s/^# \{0,1\}//' Makefile

.PHONY: install uninstall
BINDIR   := $(PREFIX)/bin
SBINDIR  := $(PREFIX)/sbin
MANDIR   := $(PREFIX)/share/man
UNITDIR  := $(PREFIX)/lib/systemd/system
CONFDIR  := $(SYSCONFDIR)/certlookup
MANUALS  := $(wildcard man/*.[158])
install: all
	$(INSTALL) -d $(addprefix $(DESTDIR),$(BINDIR) $(SBINDIR) $(UNITDIR) $(CONFDIR) $(addprefix $(MANDIR)/man,1 5 8))
	$(INSTALL) -m 755 $B/certlookup $(DESTDIR)$(BINDIR)/certlookup
	$(INSTALL) -m 755 $B/certlookupd $(DESTDIR)$(SBINDIR)/certlookupd
	for page in $(MANUALS); do $(INSTALL) -m 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/ || exit 1; done
	$(INSTALL) -m 644 etc/certlookupd.conf $(DESTDIR)$(CONFDIR)/certlookupd.conf.sample
	sed 's|@SBINDIR@|$(SBINDIR)|g; s|@CONFDIR@|$(CONFDIR)|g' etc/certlookupd.service.in > $B/certlookupd.service
	$(INSTALL) -m 644 $B/certlookupd.service $(DESTDIR)$(UNITDIR)/certlookupd.service
uninstall:
	$(RM) $(DESTDIR)$(BINDIR)/certlookup $(DESTDIR)$(SBINDIR)/certlookupd $(DESTDIR)$(UNITDIR)/certlookupd.service
	$(RM) $(DESTDIR)$(CONFDIR)/certlookupd.conf.sample
	$(RM) $(foreach page,$(MANUALS),$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page)))

.SECONDARY:
-include $(shell find $B -type f -name '*.d' 2>/dev/null)

.PHONY: clean
clean:
	$(RM) -r build
