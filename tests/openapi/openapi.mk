# SPDX-License-Identifier: BSD-3-Clause
# The test of docs/openapi.yaml by schemathesis. Included by the Makefile.

PYTHON := $(BUILD)/python

$(PYTHON)/.installed: tests/openapi/requirements.txt
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip --quiet --disable-pip-version-check install \
		--only-binary :all: --requirement $<
	touch $@

# Proves docs/openapi.yaml against PROTOCOL and a running site. EXAMPLES is the
# number of requests that are made up for each operation; the same SEED makes up
# the same ones.
check-openapi: EXAMPLES ?= 20
check-openapi: SEED ?= 1
check-openapi: all $(PYTHON)/.installed
	SFCHAT_EXAMPLES=$(EXAMPLES) SFCHAT_SEED=$(SEED) \
		$(NODE_TEST) tests/openapi/*.test.mjs

# The same, for long and with other requests each time.
openapi:
	@$(MAKE) --no-print-directory check-openapi EXAMPLES=$(or $(EXAMPLES),1000) \
		SEED=$(or $(SEED),$(shell date +%s))

.PHONY: check-openapi openapi
