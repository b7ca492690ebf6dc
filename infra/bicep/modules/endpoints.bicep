metadata description = 'The private endpoints of several services in one subnet.'

@description('Azure region of the network.')
param location string

@description('Tags of every resource.')
param tags object

@description('What the names of the endpoints end with.')
param suffix string

@description('Resource ID of the subnet.')
param subnetId string

@description('A service that gets an endpoint.')
type service = {
  @description('What the name of the endpoint says of it.')
  name: string

  @description('Its resource ID.')
  id: string

  @description('Which part of it, such as blob or vault.')
  groupId: string

  @description('Resource IDs of the private DNS zones that tell its address.')
  dnsZoneIds: string[]
}

@description('The services.')
param services service[]

module endpoint 'privateEndpoint.bicep' = [
  for service in services: {
    name: 'endpoint-${service.name}'
    params: {
      location: location
      tags: tags
      name: 'pe-${service.name}-${suffix}'
      subnetId: subnetId
      serviceId: service.id
      groupId: service.groupId
      dnsZoneIds: service.dnsZoneIds
    }
  }
]
