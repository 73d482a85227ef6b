/* SPDX-License-Identifier: BSD-3-Clause */
/* The waking half of the bare pair: raises the counter, wakes, replies. */
#include "bare.h"

int main(void)
{
	_Atomic uint32_t *counter;

	bare_refuse_options();
	counter = bare_counter();
	atomic_fetch_add(counter, 1);
	syscall(SYS_futex, counter, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	bare_answer(BARE_REPLY("202", "Accepted"));
}
