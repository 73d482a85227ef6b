# The page: its modules, then in real browsers. CI=true makes a browser that is
# missing a failure. Packages: scripts/install.

PAGE_TESTS := $(patsubst %,tests/browser/%.test.mjs,modules pieces site)
STORIES := $(filter-out $(PAGE_TESTS),$(wildcard tests/browser/*.test.mjs))
BROWSERS := check-chromium check-firefox check-webkit

$(BUILD)/node/.installed: tests/package.json tests/package-lock.json
	@mkdir -p $(@D)
	cp $^ $(@D)
	cd $(@D) && npm ci --no-audit --no-fund
	touch $@

check-page: all $(BUILD)/node/.installed
	node $(BUILD)/node/node_modules/typescript/bin/tsc -p tests/tools/tsconfig.json
	$(NODE_TEST) $(PAGE_TESTS)

$(BROWSERS): check-%: all $(BUILD)/node/.installed
	BROWSER=$* $(NODE_TEST) $(STORIES)

# What the programs are served by makes no difference between engines.
check-served: all $(BUILD)/node/.installed
	SFCHAT_SERVE=scgi BROWSER=chromium $(NODE_TEST) \
		$(patsubst %,tests/browser/%.test.mjs,chat staying storm)

check-browser: check-page $(BROWSERS) check-served

# To be looked at: each page in three widths, light and dark.
screenshots: all $(BUILD)/node/.installed
	node tests/browser/screenshots.mjs $(BUILD)/screenshots

.PHONY: check-page $(BROWSERS) check-served check-browser screenshots
