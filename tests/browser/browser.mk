# The pages in real browsers: BROWSER=chromium (or firefox, webkit) tries only
# one, CI=true makes a missing one a failure. Packages: scripts/install. What the
# programs are served by makes no difference between engines.

$(BUILD)/node/.installed: tests/package.json tests/package-lock.json
	@mkdir -p $(@D)
	cp $^ $(@D)
	cd $(@D) && npm ci --no-audit --no-fund
	touch $@

check-browser: all $(BUILD)/node/.installed
	node $(BUILD)/node/node_modules/typescript/bin/tsc -p tests/tsconfig.json
	$(NODE_TEST) tests/browser/*.test.mjs
	SFCHAT_SERVE=scgi BROWSER=chromium $(NODE_TEST) \
		$(patsubst %,tests/browser/%.test.mjs,chat staying storm)

# To be looked at: each page in three widths, light and dark.
screenshots: all $(BUILD)/node/.installed
	node tests/browser/screenshots.mjs $(BUILD)/screenshots

.PHONY: check-browser screenshots
