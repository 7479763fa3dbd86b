package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/mixstream/mixstream/gen"
)

// agent is a small agent without a model: it examines the files of a folder with tools that
// really run, and streams its work.
type agent struct {
	files   files
	publish func(context.Context, gen.Event) error
	pause   time.Duration // between two events, as a model needs

	message int // the number of the current message
	call    int // the number of the current tool call
}

// turn answers one question about the folder.
func (a *agent) turn(ctx context.Context) error {
	a.message++
	say := &speech{agent: a, ctx: ctx}
	question := "What is in this folder, and where should I start to read?"
	say.event(&gen.UserMessageCreatedData{
		Type: string(gen.EventNameUserMessageCreated), MessageID: a.messageID("user"), Content: question,
	})
	reasoning := "To answer that I list the files first, then look for the word that the largest of them is named after, and read the beginning of what looks like the way in. "
	say.think(reasoning)

	var listing listing
	say.tool("Glob", map[string]any{"pattern": "**/*", "path": "."}, func() (string, error) {
		var err error
		listing, err = a.files.list(ctx)
		return fmt.Sprintf("%d files in %d folders", len(listing.files), listing.folders), err
	})
	word := listing.topic()
	var matches []match
	say.tool("Grep", map[string]any{"pattern": word, "path": ".", "output_mode": "content"}, func() (string, error) {
		var err error
		matches, err = a.files.grep(ctx, listing, word)
		return fmt.Sprintf("%d lines match", len(matches)), err
	})
	say.think("That is enough to name a beginning. ")
	entry := listing.entryPoint()
	var opening string
	if entry != "" {
		say.tool("ReadText", map[string]any{"file_path": entry, "limit": 20}, func() (string, error) {
			var err error
			opening, err = a.files.read(entry, 20)
			return fmt.Sprintf("%d bytes", len(opening)), err
		})
	}

	answer := compose(listing, word, matches, entry, opening)
	say.answer(answer)
	say.event(&gen.NotificationData{
		Type: string(gen.EventNameNotification), ID: a.messageID("notification"), SessionID: demoSession,
		Title: "Finished", Message: fmt.Sprintf("Looked at %d files.", len(listing.files)),
		NotificationType: gen.NotificationDataNotificationTypeInfo, ResponseType: gen.NotificationDataResponseTypeAcknowledge,
		CreatedAt: time.Now().UnixMilli(),
	})
	messageID := a.messageID("assistant")
	say.event(&gen.CompleteData{
		Type: string(gen.EventNameComplete), Done: true, MessageID: &messageID, Content: &answer, Reasoning: &reasoning,
	})
	return say.err
}

func (a *agent) messageID(kind string) string { return fmt.Sprintf("%s-%d", kind, a.message) }

// compose writes the answer.
func compose(l listing, word string, matches []match, entry, opening string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "There are %d files in %d folders", len(l.files), l.folders)
	if kinds := l.kinds(3); len(kinds) > 0 {
		fmt.Fprintf(&b, ", most of them %s", strings.Join(kinds, ", "))
	}
	b.WriteString(". ")
	if len(matches) > 0 {
		fmt.Fprintf(&b, "The word %q stands in %d lines, first in %s at line %d. ", word, len(matches), matches[0].file, matches[0].line)
	} else {
		fmt.Fprintf(&b, "Nothing mentions the word %q. ", word)
	}
	if first := firstSentence(opening); first != "" {
		fmt.Fprintf(&b, "Start with %s, which begins: %s", entry, first)
	} else {
		b.WriteString("There is no text that would be a good place to start with.")
	}
	return b.String()
}

// speech publishes the events of one turn. After an error it does nothing.
type speech struct {
	agent *agent
	ctx   context.Context
	err   error
}

func (s *speech) event(e gen.Event) {
	if s.err != nil {
		return
	}
	if s.err = s.agent.publish(s.ctx, e); s.err != nil || s.agent.pause <= 0 {
		return
	}
	select {
	case <-time.After(s.agent.pause):
	case <-s.ctx.Done():
		s.err = s.ctx.Err()
	}
}

func (s *speech) think(text string) {
	id := s.agent.messageID("assistant")
	for word := range strings.SplitAfterSeq(text, " ") {
		if word != "" {
			s.event(&gen.ThinkingData{Type: string(gen.EventNameThinking), AssistantMessageID: &id, Content: word})
		}
	}
}

func (s *speech) answer(text string) {
	id := s.agent.messageID("assistant")
	for word := range strings.SplitAfterSeq(text, " ") {
		s.event(&gen.ContentData{Type: string(gen.EventNameContent), AssistantMessageID: &id, Content: word})
	}
}

// tool streams the parameters of a tool call, runs it, and reports it.
func (s *speech) tool(name gen.ToolName, params map[string]any, call func() (progress string, err error)) {
	if s.err != nil {
		return
	}
	s.agent.call++
	id, message := fmt.Sprintf("call-%d", s.agent.call), s.agent.messageID("assistant")
	input, err := json.Marshal(params)
	if err != nil {
		s.err = err
		return
	}
	s.event(&gen.ToolUseStartData{Type: string(gen.EventNameToolUseStart), AssistantMessageID: &message, ID: id, Name: name})
	for rest := string(input); rest != ""; {
		n := min(8, len(rest))
		for n < len(rest) && rest[n]&0xc0 == 0x80 { // never split a character
			n++
		}
		s.event(&gen.ToolUseParameterDeltaData{Type: string(gen.EventNameToolUseParameterDelta), AssistantMessageID: &message, ToolCallID: id, Input: rest[:n]})
		rest = rest[n:]
	}
	s.event(&gen.ToolUseParameterStreamingCompleteData{Type: string(gen.EventNameToolUseParameterStreamingComplete), AssistantMessageID: &message, ID: id, Name: name, Input: string(input)})
	s.event(&gen.ToolExecutionStartData{Type: string(gen.EventNameToolExecutionStart), ToolCallID: id, ToolName: name, Progress: "Running " + name})
	progress, err := call()
	if err != nil {
		progress = err.Error()
	}
	s.event(&gen.ToolExecutionCompleteData{Type: string(gen.EventNameToolExecutionComplete), ToolCallID: id, ToolName: name, Progress: progress, Success: err == nil})
}
