"""What providers of stocks have in common: local times, plans, servers that want keys, pages that lead on, actions."""
