# SPDX-License-Identifier: BSD-3-Clause
# SFChat. `make run` starts the site, `make check` tests it; `make help` lists all.
# Make writes only below build/. It compiles the C code into build/$(STORE).

STORE   ?= lmdb
BUILD   ?= build
# The folder of sfchat.conf, the file of settings.
SYSCONFDIR ?= /etc
OUT     := $(BUILD)/$(STORE)
CC      ?= cc

# Each store says in its store.mk what it needs.
STORES  := $(patsubst libsfcore/store/%/store.mk,%,\
	$(wildcard libsfcore/store/*/store.mk))
ifeq ($(filter $(STORE),$(STORES)),)
$(error STORE=$(STORE) is unknown: one of $(STORES) was expected)
endif
include $(STORES:%=libsfcore/store/%/store.mk)
PACKAGES := json-c hiredis $(PACKAGES_$(STORE))
WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wconversion
HARDEN   := -D_FORTIFY_SOURCE=2 -fstack-protector-strong
INCLUDES := -Ilibsfcore $(patsubst -I%,-isystem %,\
	$(shell pkg-config --cflags $(PACKAGES) 2>/dev/null))
CFLAGS   ?= -O2 -g
LDSTATIC ?= $(LDSTATIC_$(STORE))
ALL_CFLAGS := -std=c11 -D_GNU_SOURCE -DSF_VERSION='"$(shell cat VERSION)"' \
	-DSF_SYSCONFDIR='"$(SYSCONFDIR)"' -fno-pie $(WARN) $(HARDEN) $(CFLAGS) $(SANITIZE)
LDFLAGS  += -Wl,-z,relro,-z,now
LIBS     := $(shell pkg-config $(PKG_CONFIG_$(STORE)) --libs $(PACKAGES) \
	2>/dev/null)

SOURCES  := $(filter-out libsfcore/base/redis_tls_%,\
	$(wildcard libsfcore/*/*.c libsfcore/store/$(STORE)/*.c)) \
	libsfcore/base/redis_tls_$(TLS_$(STORE)).c
PROGRAMS := $(patsubst %.c,$(OUT)/%,$(wildcard cgi-bin/*.c cron/*.c))
SITE_SETTINGS := SOURCE_URL|CONTACT|USER_TOKEN_HEADER|CHAT_TOKEN_HEADER|AWAY_SECONDS|CHAT_LIFETIME|GA_ID
NODE_TEST := node --test --test-reporter=spec
LIBRARY  := $(OUT)/libsfcore.a
# The checks wait most of the time, so JOBS of them run side by side: check-floors,
# which takes a second, and then the longest first.
CHECKS   := check-floors check-webkit check-mongodb check-valgrind check-web \
	check-hosting-12 check-firefox check-hosting-13 check-asan check-chromium \
	check-scgi check-fuzz check-servers check-jobs check-lint check-unit \
	check-install check-openapi check-served check-e2ee check-page check-cgi \
	check-nodes check-store
JOBS     ?= 2

all: programs site

programs: $(PROGRAMS)

site: $(BUILD)/html/index.html

# Make shows a command as its tool and its result; V=1 shows the whole line.
ifneq ($(V),1)
SHORT = @printf '%-5s %s\n' $(1) $(patsubst libsfcore/%,%,$(@:$(OUT)/obj/%=%));
endif

$(OUT)/obj/%.o: %.c VERSION
	@mkdir -p $(@D)
	$(call SHORT,CC)$(CC) $(ALL_CFLAGS) $(INCLUDES) -MMD -MP -c $< -o $@

$(OUT)/obj/libsfcore/base/config.o: $(OUT)/sysconfdir

# The file changes only when the setting changes.
$(OUT)/sysconfdir: FORCE
	@mkdir -p $(@D)
	@echo '$(SYSCONFDIR)' | cmp -s - $@ || echo '$(SYSCONFDIR)' >$@

$(LIBRARY): $(SOURCES:%.c=$(OUT)/obj/%.o)
	@rm -f $@
	$(call SHORT,AR)$(AR) rcs $@ $^

$(PROGRAMS): $(OUT)/%: $(OUT)/obj/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(call SHORT,LD)$(CC) $(SANITIZE) $(LDFLAGS) $(LDSTATIC) $^ $(LIBS) -o $@.ld
	@$(WRITE_AT_ONCE)

# A file written in one pass sits in the page cache in large folios, which exec
# maps faster than the linker's scattered writes. The rename replaces a program that
# lighttpd may start at this moment.
WRITE_AT_ONCE = install $@.ld $@.new && mv -f $@.new $@ && rm $@.ld

# The settings that go into the pages. The file changes only when one of these
# settings changes.
$(BUILD)/site.settings: FORCE
	@mkdir -p $(@D)
	@file=$$(scripts/settings-file) || exit 1; now=$$({ echo "$$file"; env; } | \
		grep -E '^SFCHAT_($(SITE_SETTINGS))=' | sort); \
		[ -f $@ ] && [ "$$now" = "$$(cat $@)" ] || printf '%s\n' "$$now" >$@

$(BUILD)/html/index.html: scripts/build-html scripts/settings-file COPYING $(BUILD)/site.settings \
		$(shell find html -type f)
	scripts/build-html $(BUILD)/html

# Installs what is built, with the programs of each store that is built. The pages get no
# settings of the file: the installed site puts those in at its start.
PREFIX ?= /usr/local
INSTALL_SITE = @DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' \
	BUILD='$(BUILD)' scripts/install-site
install: export SFCHAT_CONF =
install: all
	$(INSTALL_SITE) install

uninstall:
	$(INSTALL_SITE) uninstall

# Builds Debian packages of this source tree, below $(BUILD).
deb:
	@scripts/install build mongodb deb
	@BUILD='$(BUILD)' scripts/make-deb

# Lists the files that this site serves; docs/VERIFYING.md compares the lists.
release-hashes: site
	@scripts/release-hashes $(BUILD)/html

# Root runs the site as the owner of this clone. If that is root too, the site runs as
# nobody; or as root, if nobody may not read the clone.
define AS_USER
user=$$SFCHAT_USER; \
[ -n "$$user" ] || user=$$(scripts/settings-file | sed -n s/^SFCHAT_USER=//p); \
given=$$user; \
[ -n "$$user" ] || user=$$(stat -c %U .); \
if [ "$$user$$given" = root ]; then \
	if setpriv --reuid nobody --regid nogroup --clear-groups \
		test -r $(CURDIR)/scripts/run; \
	then user=nobody; \
	else echo 'make: nobody may not read $(CURDIR): the site runs as root' >&2; fi; \
fi; \
export SFCHAT_USER=$$user;
endef

# The recursive make finds the packages that the first line has installed.
run:
	@scripts/install build run $(filter mongodb,$(STORE))
	@$(MAKE) --no-print-directory --silent all
	@$(if $(filter 0,$(shell id -u)),$(AS_USER)) \
		$(if $(PORT),SFCHAT_PORT=$(PORT)) $(if $(SERVE),SFCHAT_SERVE=$(SERVE)) \
		SFCHAT_BUILD=$(abspath $(BUILD)) SFCHAT_STORE_KIND=$(STORE) \
		exec scripts/run

# No test depends on the file of settings of this machine.
test check-fast check: export SFCHAT_CONF :=

# The tiers: seconds, two minutes, everything. T=NAME is tests/unit/test_NAME.c.
test:
	@$(MAKE) --no-print-directory --jobs=$(JOBS) $(if $(T),\
		$(T:%=$(OUT)/tests/unit/test_%.run),\
		programs check-unit check-floors check-format)

check-fast: test
	@$(MAKE) --no-print-directory --jobs=$(JOBS) --output-sync=recurse \
		check-store check-cgi check-e2ee check-story

check:
	@scripts/install build run check browsers mongodb servers deb hosting
	@scripts/test-mongodb install
	@$(MAKE) --no-print-directory --jobs=$(JOBS) all
	@$(MAKE) --no-print-directory --jobs=$(JOBS) STORE=mongodb programs
	@$(MAKE) --no-print-directory --jobs=$(JOBS) --output-sync=recurse $(CHECKS)
	@echo "All checks passed: $(CHECKS)"

# Tests the programs without a server.
check-cgi: programs
	$(NODE_TEST) tests/cgi/*.test.mjs

# Tests the API through lighttpd, by CGI.
check-web: all
	$(NODE_TEST) tests/web/*.test.mjs

# The same tests over SCGI. Both runs use the default runtime directory, so they
# run one after the other.
check-scgi: all | $(filter check-web,$(MAKECMDGOALS))
	SFCHAT_SERVE=scgi $(NODE_TEST) tests/web/*.test.mjs

# Tests docs/hosting: each web server with its own test, and two of them with the tests of
# the API and the pages.
FRONT_TESTS := $(patsubst %,tests/web/%.test.mjs,api leave messages pages poll)
check-servers: all
	$(NODE_TEST) tests/servers/*.test.mjs
	SFCHAT_FRONT=apache-cgi $(NODE_TEST) $(FRONT_TESTS)
	SFCHAT_FRONT=nginx-scgi $(NODE_TEST) $(FRONT_TESTS)

# Tests what an operator does with the build.
check-install: all
	$(NODE_TEST) tests/install/*.test.mjs

# Tests the page's encryption, in Node.
check-e2ee:
	$(NODE_TEST) tests/e2ee/*.test.mjs

help:
	@echo 'Build and run'
	@echo '  make                  the programs and the pages, below build/'
	@echo '  make run              install missing packages, build, start the site'
	@echo '  make install          install what is built (PREFIX, DESTDIR, SYSCONFDIR)'
	@echo '  make uninstall        remove it; a changed sfchat.conf stays'
	@echo '  make deb              build Debian packages, below build/'
	@echo '  make clean            remove build/'
	@echo 'Test'
	@echo '  make test T=json      one unit test, tests/unit/test_json.c: a second'
	@echo '  make test             programs, unit tests, floors, format: ten seconds'
	@echo '  make check-fast       also the store, the programs, one browser: two minutes'
	@echo '  make check            install missing packages, run every check:'
	@printf '%s\n' $(CHECKS) | sort | xargs -n4 printf '      %-15s %-15s %-15s %s\n'
	@echo '  make fuzz SECONDS=60  each fuzz target for that time'
	@echo '  make openapi          docs/openapi.yaml against a running site, for long'
	@echo 'Look and measure'
	@echo '  make lint             analyse the files that differ from HEAD (ALL=1: all)'
	@echo '  make format           format the C files in place'
	@echo '  make screenshots      each page in three widths, light and dark'
	@echo '  make bench            speed and memory (PART=a: one part)'
	@echo '  make release-hashes   the files that this site serves, with their hashes'
	@echo 'V=1 shows whole command lines, JOBS=1 runs one check at a time,'
	@echo 'STORE=mongodb builds and tests with MongoDB.'

clean:
	rm -rf $(BUILD)

FORCE:

.PHONY: all programs site install uninstall deb run release-hashes test check-fast check check-cgi check-web \
	check-scgi check-servers check-install check-e2ee help clean FORCE
.SECONDARY:
include tests/tests.mk tests/jobs/jobs.mk tests/browser/browser.mk tests/openapi/openapi.mk \
	tests/hosting/hosting.mk bench/bench.mk
-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
