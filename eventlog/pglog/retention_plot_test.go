package pglog_test

import (
	"fmt"
	"strings"
)

// plotSizes draws the sizes of logs over the time as SVG, a panel for each log.
func plotSizes(logs []*loaded) string {
	const left, top, width, height, apart = 60, 40, 350, 230, 440
	lines := []struct {
		name, colour string
		of           func(sizes) int64
	}{
		{"alive", "#009e73", func(s sizes) int64 { return s.alive }},
		{"the log with its indexes", "#0072b2", func(s sizes) int64 { return s.log }},
		{"all tables with their indexes", "#e69f00", func(s sizes) int64 { return s.all }},
		{"2.5 × alive", "#bbbbbb", func(s sizes) int64 { return s.alive * 5 / 2 }},
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", apart*len(logs)+20, top+height+80)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/>`+"\n")
	for i, l := range logs {
		x0 := left + i*apart
		var high float64
		for _, s := range l.seen {
			high = max(high, megabytes(s.all), megabytes(s.alive)*2.5)
		}
		end := l.seen[len(l.seen)-1].at.Seconds()
		fmt.Fprintf(&b, `<text x="%d" y="20" font-weight="bold">%s</text>`+"\n", x0, l.name)
		for n := range 5 {
			y := top + height - height*n/4
			fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%d" y2="%d" stroke="#ddd"/><text x="%d" y="%d" text-anchor="end">%.0f MB</text>`+"\n", x0, x0+width, y, y, x0-4, y+4, high*float64(n)/4)
			fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%.0f s</text>`+"\n", x0+width*n/4, top+height+18, end*float64(n)/4)
		}
		for j, line := range lines {
			var points []string
			for _, s := range l.seen {
				points = append(points, fmt.Sprintf("%.1f,%.1f", float64(x0)+width*s.at.Seconds()/end, top+height-height*megabytes(line.of(s))/high))
			}
			fmt.Fprintf(&b, `<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>`+"\n", line.colour, strings.Join(points, " "))
			if i == 0 {
				x, y := left+apart*(j%2), top+height+40+20*(j/2)
				fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%d" y2="%d" stroke="%s" stroke-width="2"/><text x="%d" y="%d">%s</text>`+"\n", x, x+24, y-4, y-4, line.colour, x+30, y, line.name)
			}
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}
