# SFChat. `make run` brings it up, `make check` proves it; see README.md.
# Everything that is made lies under build/; C goes to build/$(STORE).

STORE   ?= lmdb
BUILD   ?= build
OUT     := $(BUILD)/$(STORE)
CC      ?= cc

# What each store needs is in a store.mk beside it.
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
ALL_CFLAGS := -std=c11 -D_GNU_SOURCE -fno-pie $(WARN) $(HARDEN) $(CFLAGS) $(SANITIZE)
LDFLAGS  += -Wl,-z,relro,-z,now
LIBS     := $(shell pkg-config $(PKG_CONFIG_$(STORE)) --libs $(PACKAGES) \
	2>/dev/null)

SOURCES  := $(wildcard libsfcore/*/*.c libsfcore/store/$(STORE)/*.c)
PROGRAMS := $(patsubst %.c,$(OUT)/%,$(wildcard cgi-bin/*.c cron/*.c))
SITE_SETTINGS := SOURCE_URL|CONTACT|USER_TOKEN_HEADER|CHAT_TOKEN_HEADER|GA_ID
NODE_TEST := node --test --test-reporter=spec
LIBRARY  := $(OUT)/libsfcore.a
# Most of them wait most of the time: some run side by side, the longest first.
CHECKS   := check-floors check-webkit check-mongodb check-valgrind check-web \
	check-firefox check-asan check-chromium check-scgi check-fuzz check-jobs \
	check-lint check-unit check-served check-e2ee check-page check-cgi \
	check-nodes check-store
JOBS     ?= 2

all: programs site

programs: $(PROGRAMS)

site: $(BUILD)/html/index.html

$(OUT)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(INCLUDES) -MMD -MP -c $< -o $@

$(LIBRARY): $(SOURCES:%.c=$(OUT)/obj/%.o)
	rm -f $@
	$(AR) rcs $@ $^

$(PROGRAMS): $(OUT)/%: $(OUT)/obj/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) $(LDFLAGS) $(LDSTATIC) $^ $(LIBS) -o $@.ld
	$(WRITE_AT_ONCE)

# The kernel holds what was just written in one go in larger pieces than what a
# linker wrote, and maps it faster.
WRITE_AT_ONCE = install $@.ld $@ && rm $@.ld

# Settings that go into the pages; rewritten only when one of them differs.
$(BUILD)/site.settings: FORCE
	@mkdir -p $(@D)
	@now=$$(env | grep -E '^SFCHAT_($(SITE_SETTINGS))=' | sort); \
		[ -f $@ ] && [ "$$now" = "$$(cat $@)" ] || printf '%s\n' "$$now" >$@

$(BUILD)/html/index.html: scripts/build-html COPYING $(BUILD)/site.settings \
		$(shell find html -type f)
	scripts/build-html $(BUILD)/html

# What this site serves, to be published and compared (docs/VERIFYING.md).
release-hashes: site
	@scripts/release-hashes $(BUILD)/html

# Packages first; the second make then finds what they brought.
run:
	@scripts/install build run $(filter mongodb,$(STORE))
	@$(MAKE) --no-print-directory --silent all
	@$(if $(PORT),SFCHAT_PORT=$(PORT)) $(if $(SERVE),SFCHAT_SERVE=$(SERVE)) \
		SFCHAT_BUILD=$(abspath $(BUILD)) SFCHAT_STORE_KIND=$(STORE) \
		exec scripts/run

check:
	@scripts/install build run check browsers mongodb
	@scripts/test-mongodb install
	@$(MAKE) --no-print-directory --jobs=$(JOBS) all
	@$(MAKE) --no-print-directory --jobs=$(JOBS) STORE=mongodb programs
	@$(MAKE) --no-print-directory --jobs=$(JOBS) --output-sync=recurse $(CHECKS)
	@echo "All checks passed: $(CHECKS)"

# The API through the server; a program by hand.
check-cgi: programs
	$(NODE_TEST) tests/cgi/*.test.mjs

check-web: all
	$(NODE_TEST) tests/web/*.test.mjs

# The same, when each program was started once; both use the default folder.
check-scgi: all | $(filter check-web,$(MAKECMDGOALS))
	SFCHAT_SERVE=scgi $(NODE_TEST) tests/web/*.test.mjs

# The page's encryption, in Node alone.
check-e2ee:
	$(NODE_TEST) tests/e2ee/*.test.mjs

help:
	@echo 'make            build'
	@echo 'make run        install what is missing, build, start'
	@echo 'make check      install what is missing, run every test:'
	@printf '  make %s\n' $(CHECKS)
	@echo 'make bench      measure speed and memory'
	@echo 'make release-hashes   list the files served, with their hashes'
	@echo 'make clean      remove build/'

clean:
	rm -rf $(BUILD)

FORCE:

.PHONY: all programs site run release-hashes check check-cgi check-web \
	check-scgi check-e2ee help clean FORCE
.SECONDARY:
include tests/tests.mk tests/jobs/jobs.mk tests/browser/browser.mk \
	bench/bench.mk
-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
