# curl does not resume by itself: a loop keeps the last id.
last=0
until [[ $done ]]; do
	while IFS= read -r line; do
		case $line in
		event:*) event=${line#event: } ;;
		data:*) data=${line#data: } ;;
		id:*) id=${line#id: } ;;
		'') # the block is whole
			last=$id
			[[ $event != content ]] || echo "$id $data"
			[[ $event != complete ]] || done=1
			;;
		esac
		[[ ! $done ]] || break
	done < <(exec curl -sN -H "Last-Event-ID: $last" "$1/stream?sessionId=s1")
	kill $! 2>/dev/null
	[[ $done ]] || sleep 1
done
exit 0
