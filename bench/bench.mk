# SPDX-License-Identifier: BSD-3-Clause
# Builds and runs the benchmark. run.mjs explains PART, ROUNDS and WAITERS. The
# bare programs have the names of the product's programs, in a folder of their
# own, so that the same lighttpd.conf serves them.

BENCH := $(BUILD)/bench
BARE  := $(BENCH)/bare/$(STORE)/cgi-bin
BARES := $(addprefix $(BARE)/,messages create join chat health)

bench:
	@scripts/install build run bench mongodb
	@$(MAKE) --no-print-directory STORE=mongodb programs \
		$(BENCH)/fill-mongodb
	@$(MAKE) --no-print-directory bench-run

bench-run: all $(BENCH)/load $(BENCH)/fill-$(STORE) $(BARES) \
		$(BARE)/../cron $(BENCH)/bare/html $(BENCH)/bare/site.conf
	@scripts/test-mongodb run node bench/run.mjs

$(BENCH)/load: $(OUT)/obj/bench/load.o $(OUT)/obj/bench/client.o
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -no-pie $^ $(shell pkg-config --libs openssl) -o $@

$(BENCH)/fill-$(STORE): $(OUT)/obj/bench/fill.o $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) $(LDSTATIC) $^ $(LIBS) -o $@

$(BARE)/messages $(BARE)/create $(BARE)/health: $(OUT)/obj/bench/bare.o
$(BARE)/join: $(OUT)/obj/bench/bare-wait.o
$(BARE)/chat: $(OUT)/obj/bench/bare-wake.o
$(BARES):
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) $(LDSTATIC) $^ -o $@.ld
	$(WRITE_AT_ONCE)

# lighttpd serves the bare programs with the product's own pages and jobs.
$(BENCH)/bare/html $(BENCH)/bare/site.conf:
	@mkdir -p $(@D)
	ln -s ../../$(@F) $@

$(BARE)/../cron:
	@mkdir -p $(@D)
	ln -s ../../../$(STORE)/cron $@

.PHONY: bench bench-run
