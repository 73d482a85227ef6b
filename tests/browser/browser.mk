# SPDX-License-Identifier: BSD-3-Clause
# The tests of the page: its modules in Node, then the pages in real browsers.
# With CI=true a missing browser is a failure. scripts/install installs the
# browsers.

PAGE_TESTS := $(patsubst %,tests/browser/%.test.mjs,modules pieces site slots)
STORIES := $(filter-out $(PAGE_TESTS),$(wildcard tests/browser/*.test.mjs))
# A browser test waits most of the time, so two files run side by side.
STORY_TEST := $(NODE_TEST) --test-concurrency=2
BROWSERS := check-chromium check-firefox check-webkit

$(BUILD)/node/.installed: tests/package.json tests/package-lock.json
	@mkdir -p $(@D)
	cp $^ $(@D)
	cd $(@D) && npm ci --no-audit --no-fund
	touch $@

# Checks the JSDoc types in the page's scripts.
check-types: $(BUILD)/node/.installed
	node $(BUILD)/node/node_modules/typescript/bin/tsc -p tests/tools/tsconfig.json

check-page: all check-types
	$(NODE_TEST) $(PAGE_TESTS)

$(BROWSERS): check-%: all $(BUILD)/node/.installed
	BROWSER=$* $(STORY_TEST) $(STORIES)

# One browser, one file: two people meet, talk, refresh and close.
check-story: all $(BUILD)/node/.installed
	BROWSER=chromium $(NODE_TEST) tests/browser/chat.test.mjs

# The site over SCGI. CGI and SCGI do not differ for a browser engine, so
# Chromium is enough.
check-served: all $(BUILD)/node/.installed
	SFCHAT_SERVE=scgi BROWSER=chromium $(STORY_TEST) \
		$(patsubst %,tests/browser/%.test.mjs,chat staying storm)

check-browser: check-page $(BROWSERS) check-served

# Takes pictures for a person to look at.
screenshots: all $(BUILD)/node/.installed
	node tests/browser/screenshots.mjs $(BUILD)/screenshots

.PHONY: check-types check-page $(BROWSERS) check-story check-served check-browser screenshots
