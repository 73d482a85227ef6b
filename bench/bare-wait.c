/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The waiting half of the bare pair: the shortest possible poll. It sleeps
 * until the counter is above 0, lowers it by 1 and replies.
 */
#include "bare.h"

int main(void)
{
	_Atomic uint32_t *counter;

	bare_refuse_options();
	counter = bare_counter();
	while (atomic_load(counter) == 0)
		syscall(SYS_futex, counter, FUTEX_WAIT, 0, NULL, NULL, 0);
	atomic_fetch_sub(counter, 1);
	bare_answer(BARE_REPLY("200", "Ok"));
}
