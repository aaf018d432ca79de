//go:build wasip1

package bindings

import (
	"math"
	"runtime"
	"strings"
	"unsafe"
)

// The canonical ABI in Go's memory. The host holds addresses as numbers, which the garbage collector does not see: what
// is passed to the host is kept by a `memory` until the call is over, what the host passes is kept in `live` until it is
// taken. Nothing of it may be on a goroutine's stack, which moves: `sink` makes the compiler put it on the heap.

type pointer = unsafe.Pointer

// Where the host may be waiting for cabi_realloc it must not be called, but Go's runtime reads the clock whenever it
// schedules or collects. This word tells the adapter to answer by itself. It lies in the part of the memory that Go's
// linker leaves free, which the adapter uses too. Whoever makes the component sees to it that it is 1 when all packages
// are initialized: before that the host is called, and a panic is told.
const guard = 4200

// The host may call cabi_realloc from now on.
func leave() { *(*uint32)(pointer(uintptr(guard))) = 1 }

// It does not any more.
func enter() { *(*uint32)(pointer(uintptr(guard))) = 0 }

var sink pointer

// What the host was given memory for, by its address.
var live = map[uint32][]uint64{}

//go:wasmexport cabi_realloc
func cabiRealloc(old, oldSize, align, size uint32) uint32 {
	if size == 0 {
		return align
	}
	block := make([]uint64, (uint64(size)+7)/8)
	p := pointer(unsafe.SliceData(block))
	sink = p
	if before, ok := live[old]; ok && oldSize > 0 {
		copy(block, before)
		delete(live, old)
	}
	live[address(p)] = block
	return address(p)
}

func address(p pointer) uint32 { return uint32(uintptr(p)) }

func at(p pointer, offset uintptr) pointer { return unsafe.Add(p, offset) }

// What one call passes to the host.
type memory struct {
	pins []pointer
	// Room for those of most calls.
	first [12]pointer
}

func (m *memory) pin(p pointer) uint32 {
	sink = p
	if m.pins == nil {
		m.pins = m.first[:0]
	}
	m.pins = append(m.pins, p)
	return address(p)
}

// Words for what the host gives back, or for what is given to it.
func (m *memory) area(words int) pointer {
	p := pointer(unsafe.SliceData(make([]uint64, words)))
	m.pin(p)
	return p
}

func (m *memory) string(text string) (flat, flat) {
	// The host takes nothing else for text.
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) == 0 {
		return 1, 0
	}
	return flat(m.pin(pointer(unsafe.StringData(text)))), flat(len(text))
}

// The call is over.
func (m *memory) end() { runtime.KeepAlive(m) }

// What the last export gave to the host, which reads it after the export returned.
var given memory

// give stores what an export gives back. Nothing may be called after it.
func give[T any](words int, value T, store func(*memory, pointer, T)) uint32 {
	given = memory{}
	area := given.area(words)
	store(&given, area, value)
	leave()
	return address(area)
}

// A parameter of a core function, of any of its types.
type flat uint64

func flat32(value float32) flat { return flat(math.Float32bits(value)) }
func flat64(value float64) flat { return flat(math.Float64bits(value)) }
func (f flat) float32() float32 { return math.Float32frombits(uint32(f)) }
func (f flat) float64() float64 { return math.Float64frombits(uint64(f)) }

func flag(value bool) uint32 {
	if value {
		return 1
	}
	return 0
}

type number interface {
	~uint8 | ~int8 | ~uint16 | ~int16 | ~uint32 | ~int32 | ~uint64 | ~int64 | ~float32 | ~float64
}

func load[T number](p pointer) T { return *(*T)(p) }

func loadBool(p pointer) bool { return *(*uint8)(p) != 0 }

func loadString(p pointer) string { return text(load[uint32](p), load[uint32](at(p, 4))) }

// text takes what the host put into memory that it was given: it is not copied.
func text(p, n uint32) string {
	if n == 0 {
		return ""
	}
	taken := unsafe.String((*byte)(pointer(uintptr(p))), n)
	delete(live, p)
	return taken
}

func loadList[T any](p pointer, size uintptr, load func(pointer) T) []T {
	return liftList(at0(p), at4(p), size, load)
}

func at0(p pointer) uint32 { return *(*uint32)(p) }
func at4(p pointer) uint32 { return *(*uint32)(at(p, 4)) }

func liftList[T any](p, n uint32, size uintptr, load func(pointer) T) []T {
	if n == 0 {
		return nil
	}
	first := pointer(uintptr(p))
	taken := make([]T, n)
	if bytes, ok := any(taken).([]byte); ok {
		copy(bytes, unsafe.Slice((*byte)(first), n))
		delete(live, p)
		return taken
	}
	for i := range taken {
		taken[i] = load(at(first, uintptr(i)*size))
	}
	delete(live, p)
	return taken
}

func store[T number](_ *memory, p pointer, value T) { *(*T)(p) = value }

func storeBool(_ *memory, p pointer, value bool) { *(*uint8)(p) = uint8(flag(value)) }

func storeString(m *memory, p pointer, text string) {
	address, n := m.string(text)
	store(m, p, uint32(address))
	store(m, at(p, 4), uint32(n))
}

func storeList[T any](m *memory, p pointer, list []T, size uintptr, item func(*memory, pointer, T)) {
	address, n := lowerList(m, list, size, item)
	store(m, p, uint32(address))
	store(m, at(p, 4), uint32(n))
}

func lowerList[T any](m *memory, list []T, size uintptr, item func(*memory, pointer, T)) (flat, flat) {
	if len(list) == 0 {
		return 8, 0
	}
	if bytes, ok := any(list).([]byte); ok {
		return flat(m.pin(pointer(unsafe.SliceData(bytes)))), flat(len(list))
	}
	first := m.area((len(list)*int(size) + 7) / 8)
	for i, value := range list {
		item(m, at(first, uintptr(i)*size), value)
	}
	return flat(address(first)), flat(len(list))
}
