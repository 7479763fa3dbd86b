package eventjson

// Encoder appends one JSON text to a slice, value by value. It is a plain value: create it with
// [NewEncoder], keep it in a variable and call its methods, which do not make it escape to the
// heap. It is not safe for concurrent use.
//
// Every method that is named after a type writes exactly one value of it. After the first
// error, what the methods write does not matter, and [Encoder.Finish] returns the error.
//
// The compiler must not inline most of the small methods: generated code, which calls them for
// every member, would be several times as large.
type Encoder struct {
	b       []byte // every complete value in it has a comma behind it
	begin   int    // where the text begins
	depth   int    // how many objects and arrays are open
	failure *Error
}

// NewEncoder returns an Encoder that appends to b. Unlike append, it may also overwrite bytes
// behind the result, within the capacity of b.
func NewEncoder(b []byte) Encoder { return Encoder{b: b, begin: len(b)} }

// Finish returns the slice with the text appended, or the first error, an *[Error].
func (e *Encoder) Finish() ([]byte, error) {
	if e.failure != nil {
		return nil, e.failure
	}
	return e.b[:max(len(e.b)-1, e.begin)], nil // without the last comma
}

// Object begins an object. The caller must write names and values by turns, and call
// [Encoder.EndObject]. Object reports false after an error, and if the object is nested too
// deep. The caller may leave out the members then. It must do so if the value may contain
// itself, or the writing would not end.
func (e *Encoder) Object() bool {
	ok := e.enter()
	e.b = append(e.b, '{')
	return ok
}

// EndObject ends an object.
//
//go:noinline
func (e *Encoder) EndObject() { e.end('}') }

// Array begins an array, like [Encoder.Object].
func (e *Encoder) Array() bool {
	ok := e.enter()
	e.b = append(e.b, '[')
	return ok
}

// EndArray ends an array.
//
//go:noinline
func (e *Encoder) EndArray() { e.end(']') }

// Name writes the name of a member as it stands: quoted, and with the colon behind it.
//
//go:noinline
func (e *Encoder) Name(quoted string) { e.b = append(e.b, quoted...) }

// Key writes the name of a member. A name that is not UTF-8 is an error, whose path is that of
// the object.
func (e *Encoder) Key(name string) {
	e.String(name)
	e.b[len(e.b)-1] = ':'
}

// enter counts an object or an array, and reports whether its content may follow.
func (e *Encoder) enter() bool {
	if e.depth++; e.depth <= maxDepth {
		return e.failure == nil
	}
	e.fail(&Error{Reason: tooDeep})
	return false
}

const tooDeep = "must not be nested deeper than 10000 levels"

// end closes an object or an array.
func (e *Encoder) end(bracket byte) {
	e.depth--
	if last := len(e.b) - 1; e.b[last] == ',' {
		e.b[last] = bracket
	} else {
		e.b = append(e.b, bracket)
	}
	e.b = append(e.b, ',')
}

// fail keeps the first error. Its path is relative to the value that comes next; the text so
// far tells the path of that.
func (e *Encoder) fail(err *Error) {
	if e.failure == nil {
		text := e.b[e.begin:]
		err.Path = pathOf(text, len(text)) + err.Path
		e.failure = err
	}
}

// refuse is fail, and writes null in the place of the value.
func (e *Encoder) refuse(err *Error) {
	e.fail(err)
	e.Null()
}
