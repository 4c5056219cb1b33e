/**
 * How the zones of the IANA database are written in short, which JavaScript does not tell: since
 * when (seconds since 1970), each abbreviation with its offset, and the zones it is so in. Before
 * that one offset had several abbreviations. Made of the database 2026 of Go 1.26 (public domain).
 */
export const ZONE_ABBREVIATIONS = `
0 GMT=0 Africa/Abidjan Africa/Accra Africa/Bamako Africa/Banjul Africa/Conakry Africa/Dakar
  Africa/Freetown Africa/Lome Africa/Nouakchott Africa/Ouagadougou Africa/Timbuktu
  Atlantic/Reykjavik Atlantic/St_Helena Etc/GMT Etc/GMT+0 Etc/GMT-0 Etc/GMT0 Etc/Greenwich GMT
  GMT+0 GMT-0 GMT0 Greenwich Iceland
0 EAT=10800 Africa/Addis_Ababa Africa/Asmara Africa/Asmera Africa/Dar_es_Salaam Africa/Djibouti
  Africa/Kampala Africa/Mogadishu Africa/Nairobi Indian/Antananarivo Indian/Comoro
  Indian/Mayotte
341802000 WET=0,CET=3600 Africa/Algiers
0 WAT=3600 Africa/Bangui Africa/Brazzaville Africa/Douala Africa/Kinshasa Africa/Lagos
  Africa/Libreville Africa/Luanda Africa/Malabo Africa/Niamey Africa/Porto-Novo
0 -01=-3600,GMT=0 Africa/Bissau
0 CAT=7200 Africa/Blantyre Africa/Bujumbura Africa/Gaborone Africa/Harare Africa/Kigali
  Africa/Lubumbashi Africa/Lusaka Africa/Maputo
0 EET=7200,EEST=10800 Africa/Cairo Asia/Beirut Asia/Nicosia EET Egypt Europe/Athens
  Europe/Bucharest Europe/Helsinki Europe/Mariehamn Europe/Nicosia Europe/Sofia
0 +00=0,+01=3600 Africa/Casablanca
271033200 WET=0,CET=3600,CEST=7200 Africa/Ceuta
0 -01=-3600,+00=0,+01=3600 Africa/El_Aaiun
0 SAST=7200 Africa/Johannesburg Africa/Maseru Africa/Mbabane
498171600 CAT=7200,EAT=10800 Africa/Juba Africa/Khartoum
0 MMT=-2670,GMT=0 Africa/Monrovia
0 WAT=3600,WAST=7200 Africa/Ndjamena
0 GMT=0,WAT=3600 Africa/Sao_Tome
1382659200 EET=7200 Africa/Tripoli Libya
0 CET=3600,CEST=7200 Africa/Tunis Arctic/Longyearbyen Atlantic/Jan_Mayen CET Europe/Amsterdam
  Europe/Andorra Europe/Belgrade Europe/Berlin Europe/Bratislava Europe/Brussels Europe/Budapest
  Europe/Busingen Europe/Copenhagen Europe/Gibraltar Europe/Ljubljana Europe/Luxembourg
  Europe/Madrid Europe/Malta Europe/Monaco Europe/Oslo Europe/Paris Europe/Podgorica
  Europe/Prague Europe/Rome Europe/San_Marino Europe/Sarajevo Europe/Skopje Europe/Stockholm
  Europe/Tirane Europe/Vaduz Europe/Vatican Europe/Vienna Europe/Warsaw Europe/Zagreb
  Europe/Zurich MET Poland
637970400 WAT=3600,CAT=7200 Africa/Windhoek
439034400 HST=-36000,HDT=-32400 America/Adak America/Atka US/Aleutian
439030800 AKST=-32400,AKDT=-28800 America/Anchorage America/Juneau America/Nome America/Sitka
  America/Yakutat US/Alaska
0 AST=-14400 America/Anguilla America/Antigua America/Aruba America/Blanc-Sablon America/Curacao
  America/Dominica America/Grenada America/Guadeloupe America/Kralendijk America/Lower_Princes
  America/Marigot America/Montserrat America/Port_of_Spain America/Puerto_Rico
  America/St_Barthelemy America/St_Kitts America/St_Lucia America/St_Thomas America/St_Vincent
  America/Tortola America/Virgin
0 -03=-10800,-02=-7200 America/Araguaina America/Argentina/Buenos_Aires America/Bahia
  America/Belem America/Buenos_Aires America/Fortaleza America/Maceio America/Recife
  America/Sao_Paulo Brazil/East
0 -04=-14400,-03=-10800,-02=-7200 America/Argentina/Catamarca America/Argentina/ComodRivadavia
  America/Argentina/Cordoba America/Argentina/Jujuy America/Argentina/La_Rioja
  America/Argentina/Mendoza America/Argentina/Rio_Gallegos America/Argentina/Salta
  America/Argentina/San_Juan America/Argentina/San_Luis America/Argentina/Tucuman
  America/Argentina/Ushuaia America/Catamarca America/Cordoba America/Jujuy America/Mendoza
  America/Rosario Antarctica/Palmer Atlantic/Stanley
0 -04=-14400,-03=-10800 America/Asuncion America/Boa_Vista America/Campo_Grande
  America/Coyhaique America/Cuiaba America/Manaus America/Porto_Velho America/Punta_Arenas
  America/Santarem America/Santiago Brazil/West Chile/Continental
0 EST=-18000 America/Atikokan America/Cayman America/Coral_Harbour America/Panama EST
1256457600 MST=-25200,CST=-21600,CDT=-18000 America/Bahia_Banderas
0 AST=-14400,ADT=-10800 America/Barbados America/Glace_Bay America/Halifax America/Martinique
  America/Moncton America/Thule Atlantic/Bermuda Canada/Atlantic
0 CST=-21600,CDT=-18000 America/Belize America/Chicago America/Costa_Rica America/El_Salvador
  America/Guatemala America/Matamoros America/Mexico_City America/Monterrey America/Rainy_River
  America/Tegucigalpa America/Winnipeg CST6CDT Canada/Central Mexico/General US/Central
0 -05=-18000,-04=-14400 America/Bogota America/Eirunepe America/Guayaquil America/Lima
  America/Porto_Acre America/Rio_Branco Brazil/Acre
0 MST=-25200,MDT=-21600 America/Boise America/Denver America/Edmonton America/Hermosillo
  America/Mazatlan America/Shiprock America/Yellowknife Canada/Mountain MST7MDT Mexico/BajaSur
  Navajo US/Mountain
986115600 MST=-25200,MDT=-21600 America/Cambridge_Bay
1414306800 CST=-21600,EST=-18000 America/Cancun
0 -0430=-16200,-04=-14400 America/Caracas
0 -03=-10800 America/Cayenne Etc/GMT+3
1667116800 CST=-21600 America/Chihuahua
1669788000 MST=-25200,MDT=-21600 America/Ciudad_Juarez
0 MST=-25200 America/Creston America/Phoenix MST US/Arizona
0 -03=-10800,-02=-7200,GMT=0 America/Danmarkshavn
1604214000 MST=-25200 America/Dawson America/Whitehorse Canada/Yukon
84013200 MST=-25200 America/Dawson_Creek
0 EST=-18000,EDT=-14400 America/Detroit America/Fort_Wayne America/Indiana/Indianapolis
  America/Indiana/Vevay America/Indianapolis America/Jamaica America/Montreal America/Nassau
  America/New_York America/Nipigon America/Port-au-Prince America/Thunder_Bay America/Toronto
  Canada/Eastern EST5EDT Jamaica US/East-Indiana US/Eastern US/Michigan
0 PST=-28800,PDT=-25200 America/Ensenada America/Los_Angeles America/Santa_Isabel
  America/Tijuana America/Vancouver Canada/Pacific Mexico/BajaNorte PST8PDT US/Pacific
1414918800 PST=-28800,MST=-25200 America/Fort_Nelson
0 -03=-10800,-02=-7200,-01=-3600 America/Godthab America/Nuuk
0 AST=-14400,ADT=-10800,ADDT=-7200 America/Goose_Bay
1520751600 EST=-18000,EDT=-14400 America/Grand_Turk
0 -04=-14400,-0345=-13500,-03=-10800 America/Guyana
0 CST=-18000,CDT=-14400 America/Havana Cuba
1143961200 CST=-21600,CDT=-18000 America/Indiana/Knox America/Indiana/Tell_City America/Knox_IN
  US/Indiana-Starke
152089200 EST=-18000,EDT=-14400 America/Indiana/Marengo America/Kentucky/Louisville
  America/Louisville
1194159600 EST=-18000,EDT=-14400 America/Indiana/Petersburg America/Indiana/Vincennes
1162105200 CST=-21600,EST=-18000,EDT=-14400 America/Indiana/Winamac
278499600 PST=-28800,MST=-25200,MDT=-21600 America/Inuvik
972802800 EST=-18000,EDT=-14400 America/Iqaluit America/Kentucky/Monticello America/Pangnirtung
0 -04=-14400 America/La_Paz Etc/GMT+4
852094800 CST=-21600,CDT=-18000 America/Managua
104914800 CST=-21600,CDT=-18000 America/Menominee
405068400 CST=-21600,CDT=-18000 America/Merida
1547978400 AKST=-32400,AKDT=-28800 America/Metlakatla
0 AST=-14400,-03=-10800,-02=-7200 America/Miquelon
0 -03=-10800,-0230=-9000,-02=-7200,-0130=-5400 America/Montevideo
0 -02=-7200,-01=-3600 America/Noronha Atlantic/Cape_Verde Brazil/DeNoronha
1289116800 CST=-21600,CDT=-18000 America/North_Dakota/Beulah
720000000 CST=-21600,CDT=-18000 America/North_Dakota/Center
1067155200 CST=-21600,CDT=-18000 America/North_Dakota/New_Salem
1667116800 CST=-21600,CDT=-18000 America/Ojinaga
0 -0330=-12600,-03=-10800 America/Paramaribo
986112000 CST=-21600,CDT=-18000 America/Rankin_Inlet
0 CST=-21600 America/Regina Canada/Saskatchewan
1173600000 CST=-21600,CDT=-18000 America/Resolute
0 EST=-18000,-0430=-16200,AST=-14400 America/Santo_Domingo
0 -02=-7200,-01=-3600,+00=0 America/Scoresbysund
0 NST=-12600,NDT=-9000,NDDT=-5400 America/St_Johns Canada/Newfoundland
0 MST=-25200,CST=-21600 America/Swift_Current
0 +08=28800,+11=39600 Antarctica/Casey
0 +05=18000,+07=25200 Antarctica/Davis
0 +10=36000 Antarctica/DumontDUrville Etc/GMT-10 Pacific/Chuuk Pacific/Port_Moresby Pacific/Truk
  Pacific/Yap
0 AEST=36000,AEDT=39600 Antarctica/Macquarie Australia/ACT Australia/Brisbane Australia/Canberra
  Australia/Currie Australia/Hobart Australia/Lindeman Australia/Melbourne Australia/NSW
  Australia/Queensland Australia/Sydney Australia/Tasmania Australia/Victoria
0 +05=18000,+06=21600 Antarctica/Mawson Asia/Qyzylorda Asia/Samarkand Indian/Chagos
0 NZST=43200,NZDT=46800 Antarctica/McMurdo Antarctica/South_Pole NZ Pacific/Auckland
0 -03=-10800,-00=0 Antarctica/Rothera
0 +03=10800 Antarctica/Syowa Asia/Aden Asia/Kuwait Asia/Riyadh Etc/GMT-3
1108166400 +00=0,+02=7200 Antarctica/Troll
0 -00=0,+05=18000,+07=25200 Antarctica/Vostok
0 +05=18000,+06=21600,+07=25200 Asia/Almaty Asia/Bishkek Asia/Dushanbe Asia/Omsk Asia/Tashkent
1666908000 +03=10800 Asia/Amman
0 +11=39600,+12=43200,+13=46800,+14=50400 Asia/Anadyr
0 +04=14400,+05=18000,+06=21600 Asia/Aqtau Asia/Aqtobe Asia/Ashgabat Asia/Ashkhabad Asia/Atyrau
  Asia/Oral Asia/Qostanay Asia/Yekaterinburg
0 +03=10800,+04=14400 Asia/Baghdad Asia/Bahrain Asia/Qatar
0 +03=10800,+04=14400,+05=18000 Asia/Baku Asia/Tbilisi Asia/Yerevan Europe/Astrakhan
  Europe/Samara Europe/Saratov
0 +07=25200 Asia/Bangkok Asia/Phnom_Penh Asia/Vientiane Etc/GMT-7 Indian/Christmas
0 +06=21600,+07=25200,+08=28800 Asia/Barnaul Asia/Hovd Asia/Krasnoyarsk Asia/Novokuznetsk
  Asia/Novosibirsk Asia/Tomsk
0 +08=28800 Asia/Brunei Asia/Kuching Etc/GMT-8
0 IST=19800 Asia/Calcutta Asia/Kolkata
0 +08=28800,+09=32400,+10=36000 Asia/Chita Asia/Yakutsk
0 +07=25200,+08=28800,+09=32400 Asia/Choibalsan Asia/Irkutsk Asia/Ulaanbaatar Asia/Ulan_Bator
0 CST=28800,CDT=32400 Asia/Chongqing Asia/Chungking Asia/Harbin Asia/Macao Asia/Macau
  Asia/Shanghai Asia/Taipei PRC ROC
0 +0530=19800,+06=21600,+0630=23400 Asia/Colombo
0 +06=21600,+07=25200 Asia/Dacca Asia/Dhaka
1666904400 +03=10800 Asia/Damascus
0 +08=28800,+09=32400 Asia/Dili
0 +04=14400 Asia/Dubai Asia/Muscat Etc/GMT-4 Indian/Mahe Indian/Reunion
1509238800 EET=7200,EEST=10800 Asia/Famagusta
820447200 EET=7200,EEST=10800 Asia/Gaza Asia/Hebron
0 +07=25200,+08=28800 Asia/Ho_Chi_Minh Asia/Saigon
0 HKT=28800,HKST=32400 Asia/Hong_Kong Hongkong
1473195600 +03=10800 Asia/Istanbul Europe/Istanbul Turkey
0 WIB=25200 Asia/Jakarta
0 WIT=32400 Asia/Jayapura
0 IST=7200,IDT=10800 Asia/Jerusalem Asia/Tel_Aviv Israel
0 +0430=16200 Asia/Kabul
0 +11=39600,+12=43200,+13=46800 Asia/Kamchatka
38775600 PKT=18000,PKST=21600 Asia/Karachi
0 +06=21600 Asia/Kashgar Asia/Urumqi Etc/GMT-6
0 +0530=19800,+0545=20700 Asia/Kathmandu Asia/Katmandu
0 +08=28800,+09=32400,+10=36000,+11=39600 Asia/Khandyga
0 +0730=27000,+08=28800 Asia/Kuala_Lumpur Asia/Singapore Singapore
0 +10=36000,+11=39600,+12=43200 Asia/Magadan Asia/Sakhalin Asia/Srednekolymsk
0 WITA=28800 Asia/Makassar Asia/Ujung_Pandang
0 PST=28800,PDT=32400 Asia/Manila
0 WIB=25200,WITA=28800 Asia/Pontianak
0 KST=30600,KST=32400 Asia/Pyongyang
0 +0630=23400 Asia/Rangoon Asia/Yangon Indian/Cocos
0 KST=32400,KDT=36000 Asia/Seoul ROK
0 +0330=12600,+04=14400,+0430=16200,+05=18000 Asia/Tehran Iran
0 +0530=19800,+06=21600 Asia/Thimbu Asia/Thimphu
0 JST=32400 Asia/Tokyo Japan
0 +09=32400,+10=36000,+11=39600,+12=43200 Asia/Ust-Nera
0 +09=32400,+10=36000,+11=39600 Asia/Vladivostok
733280400 -01=-3600,+00=0,WEST=3600 Atlantic/Azores
0 WET=0,WEST=3600 Atlantic/Canary Atlantic/Faeroe Atlantic/Faroe Atlantic/Madeira
0 -02=-7200 Atlantic/South_Georgia Etc/GMT+2
0 ACST=34200,ACDT=37800 Australia/Adelaide Australia/Broken_Hill Australia/South
  Australia/Yancowinna
0 ACST=34200 Australia/Darwin Australia/North
0 +0845=31500,+0945=35100 Australia/Eucla
0 AEST=36000,+1030=37800,+11=39600,+1130=41400 Australia/LHI Australia/Lord_Howe
0 AWST=28800,AWDT=32400 Australia/Perth Australia/West
0 -07=-25200,-06=-21600,-05=-18000 Chile/EasterIsland Pacific/Easter
0 GMT=0,IST=3600 Eire Europe/Dublin
0 -01=-3600 Etc/GMT+1
0 -10=-36000 Etc/GMT+10 Pacific/Tahiti
0 -11=-39600 Etc/GMT+11 Pacific/Niue
0 -12=-43200 Etc/GMT+12
0 -05=-18000 Etc/GMT+5
0 -06=-21600 Etc/GMT+6
0 -07=-25200 Etc/GMT+7
0 -08=-28800 Etc/GMT+8
0 -09=-32400 Etc/GMT+9 Pacific/Gambier
0 +01=3600 Etc/GMT-1
0 +11=39600 Etc/GMT-11 Pacific/Guadalcanal Pacific/Pohnpei Pacific/Ponape
0 +12=43200 Etc/GMT-12 Pacific/Funafuti Pacific/Majuro Pacific/Tarawa Pacific/Wake
  Pacific/Wallis
0 +13=46800 Etc/GMT-13
0 +14=50400 Etc/GMT-14
0 +02=7200 Etc/GMT-2
0 +05=18000 Etc/GMT-5 Indian/Kerguelen Indian/Maldives
0 +09=32400 Etc/GMT-9 Pacific/Palau
0 UTC=0 Etc/UCT Etc/UTC Etc/Universal Etc/Zulu UCT UTC Universal Zulu
0 GMT=0,BST=3600 Europe/Belfast Europe/Guernsey Europe/Isle_of_Man Europe/Jersey Europe/London
  GB GB-Eire
638319600 EET=7200,EEST=10800,MSD=14400 Europe/Chisinau Europe/Kiev Europe/Kyiv Europe/Tiraspol
  Europe/Uzhgorod Europe/Zaporozhye
1288483200 EET=7200,+03=10800 Europe/Kaliningrad Europe/Minsk
1288479600 MSK=10800,MSK=14400 Europe/Kirov Europe/Moscow W-SU
828234000 WET=0,WEST=3600 Europe/Lisbon Portugal WET
606870000 EET=7200,EEST=10800 Europe/Riga Europe/Tallinn
1382835600 EET=7200,MSK=10800,MSK=14400 Europe/Simferopol
0 +02=7200,+03=10800,+04=14400,+05=18000 Europe/Ulyanovsk
941331600 EET=7200,EEST=10800 Europe/Vilnius
1414274400 MSK=10800,+04=14400 Europe/Volgograd
0 HST=-36000 HST Pacific/Honolulu Pacific/Johnston US/Hawaii
0 +04=14400,+05=18000 Indian/Mauritius
0 -12=-43200,+12=43200 Kwajalein Pacific/Kwajalein
0 +1245=45900,+1345=49500 NZ-CHAT Pacific/Chatham
0 -11=-39600,-10=-36000,+13=46800,+14=50400 Pacific/Apia
0 +10=36000,+11=39600 Pacific/Bougainville
0 +11=39600,+12=43200 Pacific/Efate Pacific/Kosrae Pacific/Noumea
0 -12=-43200,-11=-39600,+13=46800 Pacific/Enderbury Pacific/Kanton
0 -11=-39600,+13=46800 Pacific/Fakaofo
0 +12=43200,+13=46800 Pacific/Fiji
0 -06=-21600,-05=-18000 Pacific/Galapagos
977493600 ChST=36000 Pacific/Guam Pacific/Saipan
0 -1040=-38400,-10=-36000,+14=50400 Pacific/Kiritimati
0 -0930=-34200 Pacific/Marquesas
0 SST=-39600 Pacific/Midway Pacific/Pago_Pago Pacific/Samoa US/Samoa
0 +1130=41400,+12=43200 Pacific/Nauru
0 +11=39600,+1130=41400,+12=43200,+1230=45000 Pacific/Norfolk
0 -0830=-30600,-08=-28800 Pacific/Pitcairn
0 -1030=-37800,-10=-36000,-0930=-34200 Pacific/Rarotonga
0 +13=46800,+14=50400 Pacific/Tongatapu
`;
