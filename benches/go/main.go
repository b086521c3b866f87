// The Go peers of the tick shapes: the same messages, counted and checked in the same way, timed at the receiver.
//
// usage: locus-benches-go handlers|channel|channel-across WARMUP MEASURED TURN
//
// One run per process. The last line of its output is what the receiver saw: nanoseconds from the last message of the
// warm-up to the last message, messages taken, and a residue that is zero when all came once and in order.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
)

// Messages that may be under way at once, as in every bounded contestant.
const windowMessages = 8192

type tick struct{ sequence uint64 }

type work struct{ warmup, measured, turn uint64 }

func (w work) total() uint64 { return w.warmup + w.measured }

// meter takes messages and stops the clock.
type meter struct {
	taken, residue, nextMark, total uint64
	started, ended                  time.Time
}

func newMeter(w work) *meter { return &meter{nextMark: w.warmup, total: w.total()} }

func (m *meter) take(t tick) {
	m.residue |= t.sequence ^ m.taken
	m.taken++
	if m.taken == m.nextMark {
		m.mark()
	}
}

func (m *meter) mark() {
	if m.taken == m.total {
		m.ended = time.Now()
		return
	}
	m.started = time.Now()
	m.nextMark = m.total
}

// bus calls every handler at once: a list of functions, the fastest bus that Go programs write.
type bus struct{ handlers []func(tick) }

func (b *bus) publish(t tick) {
	for _, handler := range b.handlers {
		handler(t)
	}
}

func handlers(w work, m *meter) {
	runtime.GOMAXPROCS(1)
	b := &bus{}
	b.handlers = append(b.handlers, m.take)
	for next := uint64(0); next < w.total(); {
		for end := next + w.turn; next < end; next++ {
			b.publish(tick{next})
		}
	}
}

// channel streams through a buffered channel from one goroutine to another.
func channel(w work, m *meter) {
	ticks := make(chan tick, windowMessages)
	go func() {
		for next := uint64(0); next < w.total(); next++ {
			ticks <- tick{next}
		}
		close(ticks)
	}()
	for t := range ticks {
		m.take(t)
	}
}

func number(index int) uint64 {
	value, err := strconv.ParseUint(os.Args[index], 10, 64)
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	if len(os.Args) != 5 {
		panic("usage: locus-benches-go handlers|channel|channel-across WARMUP MEASURED TURN")
	}
	w := work{warmup: number(2), measured: number(3), turn: number(4)}
	m := newMeter(w)
	switch os.Args[1] {
	case "handlers":
		handlers(w, m)
	case "channel":
		runtime.GOMAXPROCS(1)
		channel(w, m)
	case "channel-across":
		runtime.GOMAXPROCS(2)
		channel(w, m)
	default:
		panic("no such shape: " + os.Args[1])
	}
	fmt.Println(m.ended.Sub(m.started).Nanoseconds(), m.taken, m.residue)
}
