# certlookup: one Makefile, no recursion for building.
#
#   make            certlookupd and certlookup, in build/release
#   make demo       everything, on this machine, with real servers: see README
#   make test       all tests, under AddressSanitizer and UBSan
#   make setup      installs what is missing (Debian 12 and 13)
#   make help       all targets
#
# Yours: CC CFLAGS LDFLAGS PREFIX DESTDIR SYSCONFDIR PKG_CONFIG SAN WERROR V.

CC         ?= cc
CFLAGS     ?= -O2 -g
PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
PKG_CONFIG ?= pkg-config
VERSION    := 0.1.0

SAN     ?=
comma   := ,
FLAVOUR ?= $(if $(SAN),$(subst $(comma),-,$(SAN)),release)
B       := build/$(FLAVOUR)

# A folder's sources are all its .c files; main.c is the program's and stays out of the library.
FOLDERS  := base x509 render fetch ldap cache http gateway cli
SOURCES  := $(foreach d,$(FOLDERS),$(wildcard $d/*.c))
MAINS    := gateway/main.c cli/main.c
OBJECTS  := $(patsubst %.c,$B/%.o,$(filter-out $(MAINS),$(SOURCES)))
PROGRAMS := $B/certlookupd $B/certlookup

PACKAGES := libmicrohttpd libcrypto ldap lber hiredis libevent_core libevent_pthreads libconfig jansson libcurl libidn2
PKG_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(PACKAGES))
PKG_LIBS   = $(shell $(PKG_CONFIG) --libs $(PACKAGES)) -lunistring -pthread

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wformat=2 -Wswitch-enum \
            -Wno-missing-field-initializers $(if $(WERROR),-Werror)
HARDEN   := -fPIE -fstack-protector-strong -fno-strict-overflow $(if $(SAN),,-D_FORTIFY_SOURCE=2)
HARDEN_LD := -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack
SANITIZE := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)

# What is ours goes before, what is the user's goes last, so that the user has the last word.
BUILD_CFLAGS = -std=c11 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DSYSCONFDIR='"$(SYSCONFDIR)"' -I. $(WARNINGS) $(HARDEN) \
               $(SANITIZE) -pthread $(PKG_CFLAGS) $(CFLAGS)
BUILD_LDFLAGS = $(HARDEN_LD) $(SANITIZE) $(LDFLAGS)

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-4s %s\n' $1 $2)

.PHONY: all
all: $(PROGRAMS)

$B/certlookupd: $B/gateway/main.o $B/libcertlookup.a
$B/certlookup:  $B/cli/main.o $B/libcertlookup.a
$(PROGRAMS):
	$(call say,LD,$@)
	$Q$(CC) $(BUILD_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$B/libcertlookup.a: $(OBJECTS)
	$(call say,AR,$@)
	$Q$(RM) $@ && $(AR) crs $@ $^

# The flags are part of what an object depends on: $B/flags changes only when they do.
$B/%.o: %.c $B/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$Q$(CC) $(BUILD_CFLAGS) -MMD -MP -c -o $@ $<

$B/flags: FORCE
	@mkdir -p $B
	@echo '$(subst ','\'',$(CC) $(BUILD_CFLAGS) $(BUILD_LDFLAGS))' | cmp -s - $@ || \
	 echo '$(subst ','\'',$(CC) $(BUILD_CFLAGS) $(BUILD_LDFLAGS))' > $@
FORCE:

# Unit tests: tests/unit/test_<file>.c, each a program of its own against the library; scarce.c lets allocations fail.
SCARCE_LD := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup
UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
UNIT_TESTS   := $(patsubst tests/unit/%.c,$B/unit/%,$(UNIT_SOURCES))
$B/unit/%: $B/tests/unit/%.o $B/tests/unit/scarce.o $B/libcertlookup.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$Q$(CC) $(BUILD_LDFLAGS) $(SCARCE_LD) -o $@ $^ -lcmocka $(PKG_LIBS)

# Tools of the tests and the demo: tests/tools/<name>.c.
$B/tools/%: $B/tests/tools/%.o $B/libcertlookup.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$Q$(CC) $(BUILD_LDFLAGS) -o $@ $^ $(PKG_LIBS)

.SECONDARY:
-include $(shell find $B -name '*.d' 2>/dev/null)

.PHONY: clean
clean:
	$(RM) -r build
